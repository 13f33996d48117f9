"""Makes the price list complete: on a first start, and whenever the bus has lost what it carried.

Messages alone tell only of changes since the consumer was made. So whenever the stream is
another than the one the copy was begun with, catalog is asked for everything, page by page.
Each page is one transaction with the position reached: any replica goes on where another
stopped. Catalog being away only delays it.
"""

import asyncio
from types import TracebackType
from typing import Self

import msgspec
import structlog

from markethall.contracts.messages import ProductSnapshot, SnapshotPage, SnapshotRequest
from markethall.contracts.topology import CATALOG_SNAPSHOT, ORDERS_CATALOG
from markethall.kit.bus import Bus
from markethall.kit.db import Database
from markethall.kit.errors import Unavailable
from markethall.kit.tasks import cancel
from markethall.orders.prices.repository import Copy, apply_products, lock_copy, read_copy, write_copy

log = structlog.get_logger(__name__)

CHECK_SECONDS = 5.0
"""How often the stream's identity is looked at once the copy is complete."""
BACKOFF_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)
PAGE_PRODUCTS = 200
STEP_SECONDS = 10.0


class CatchUp:
    """Works in the background as long as the service runs."""

    def __init__(self, bus: Bus, database: Database) -> None:
        self._bus = bus
        self._database = database
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="price list copy")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await cancel(self._task)

    async def check(self) -> str:
        """For health, where it decides nothing: an incomplete price list sells what it has."""
        async with self._database.hot() as connection:
            return "complete" if (await read_copy(connection)).complete else "incomplete"

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                async with asyncio.timeout(STEP_SECONDS):
                    delay = 0.0 if await self.step() else CHECK_SECONDS
                failures = 0
            except Exception as error:
                delay = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
                failures += 1
                if failures in (1, 10) or failures % 100 == 0:
                    log.info("price list waits", failures=failures, reason=str(error) or type(error).__name__)
            await asyncio.sleep(delay)

    async def step(self) -> bool:
        """Take one page, if one is missing; whether another one may be.

        Raises:
            Unavailable: the bus, catalog or the database does not answer.
        """
        identity = await self._identity()
        async with self._database.hot() as connection:
            copy = await lock_copy(connection)
            if copy is None or (copy.complete and copy.stream_identity == identity):
                return False
            position = copy.position if copy.stream_identity == identity else b""
            products = await self._page(position)
            if products:
                await apply_products(connection, products)
                position = products[-1].product_id
            await write_copy(connection, Copy(identity, position, complete=not products))
        if not products:
            log.info("price list complete", stream=identity)
        return bool(products)

    async def _identity(self) -> str:
        await self._bus.wait_connected(timeout_seconds=5.0)
        # First the consumer, then the copy: what changes in between is in the one or the other.
        await self._bus.ensure_topology()
        identity = await self._bus.stream_identity(ORDERS_CATALOG.stream)
        if identity is None:
            raise Unavailable("The bus does not say which stream it has.")
        return identity

    async def _page(self, position: bytes) -> list[ProductSnapshot]:
        request = msgspec.msgpack.encode(SnapshotRequest(position, PAGE_PRODUCTS))
        answer = await self._bus.request(CATALOG_SNAPSHOT, request)
        return msgspec.msgpack.decode(answer, type=SnapshotPage).products
