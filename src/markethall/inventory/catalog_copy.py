"""Which SKUs there are: a row of stock for each variant catalog ever had.

The copy needs no versions to guard it. It only grows: a variant that is taken out of its product,
or archived with it, keeps its stock, because goods are on the shelf and orders may hold them.
Whether it can be bought is for orders' price list to say. So old news changes nothing.
"""

from collections.abc import Collection, Iterable, Sequence

import msgspec
import structlog

from markethall.contracts.messages import CatalogChanged, ProductSnapshot, SnapshotPage, SnapshotRequest
from markethall.contracts.topology import CATALOG_CHANGED, CATALOG_SNAPSHOT, INVENTORY_CATALOG
from markethall.inventory.answers import stock_changed
from markethall.inventory.decisions import Level
from markethall.kit.bus import Bus
from markethall.kit.consumer import Consumer
from markethall.kit.db import Database
from markethall.kit.outbox import enqueue_hot
from markethall.kit.relay import Relay
from markethall.kit.repeats import confirm_found

log = structlog.get_logger(__name__)

CHECK_SECONDS = 1.0
COPY_SECONDS = 600.0
"""Time allowed for fetching everything."""

# In SKU order: replicas that add the same SKUs wait for each other, never in a circle.
ADD = """
INSERT INTO stock (sku) SELECT sku FROM unnest($1::text[]) AS known (sku) ORDER BY sku COLLATE "C"
ON CONFLICT DO NOTHING RETURNING sku, on_hand, reserved, version
"""
COMPLETE_FOR = "SELECT stream_identity FROM catalog_copy"
COMPLETE = """
INSERT INTO catalog_copy (stream_identity) VALUES ($1)
ON CONFLICT (only_row) DO UPDATE SET stream_identity = excluded.stream_identity, completed_at = now()
"""


class CatalogCopy:
    """Hears of new SKUs, and asks for all of them whenever some may have been missed."""

    def __init__(self, database: Database, bus: Bus, relay: Relay) -> None:
        self._database = database
        self._bus = bus
        self._relay = relay
        self._checked_identity: str | None = None

    def consumer(self) -> Consumer[CatalogChanged]:
        return Consumer(self._bus, INVENTORY_CATALOG, {CATALOG_CHANGED: CatalogChanged}, self.apply)

    async def apply(self, messages: Sequence[CatalogChanged]) -> None:
        await self._add(skus_in(product for message in messages for product in message.products))

    async def complete(self) -> None:
        """Fetch every SKU from catalog, unless that was done since the stream of its changes was made.

        Raises:
            BusUnavailable: catalog does not answer; to be tried again.
        """
        identity = await self._bus.stream_identity(INVENTORY_CATALOG.stream)
        if identity is None or identity == self._checked_identity:
            return
        async with self._database.hot() as connection:
            complete_for = await connection.fetchval(COMPLETE_FOR)
        if complete_for != identity:
            # Our consumer has to be there first: what changes while we read must reach us.
            await self._bus.ensure_topology()
            count = await self._fetch_all()
            async with self._database.hot() as connection:
                await connection.execute(COMPLETE, identity)
            log.info("catalog copied", products=count, stream_identity=identity)
        self._checked_identity = identity

    async def check(self) -> str:
        """For health."""
        return "up" if self._checked_identity else "down: not complete yet"

    async def _fetch_all(self) -> int:
        after, count = b"", 0
        while True:
            request = msgspec.msgpack.encode(SnapshotRequest(after))
            page = msgspec.msgpack.decode(await self._bus.request(CATALOG_SNAPSHOT, request), type=SnapshotPage)
            if not page.products:
                return count
            await self._add(skus_in(page.products))
            after = page.products[-1].product_id
            count += len(page.products)

    async def _add(self, skus: Collection[str]) -> None:
        async with self._database.hot() as connection:
            new = await connection.fetch(ADD, list(skus))
            levels = {row["sku"]: Level(row["on_hand"], row["reserved"], row["version"]) for row in new}
            await enqueue_hot(connection, stock_changed(levels))
            if not levels:
                await confirm_found(connection)
        if levels:
            self._relay.wake()


def skus_in(products: Iterable[ProductSnapshot]) -> set[str]:
    return {variant.sku for product in products for variant in product.variants}
