"""What front hears on the bus, and what it does about it: statuses, stock, changed products, signs of life.

All that is live comes through one subscription, in the order in which the bus passed it on: a
sign of life cannot overtake the change that was said before it.
"""

import asyncio
from types import TracebackType
from typing import Self

import msgspec
import structlog
from nats.aio.msg import Msg

from markethall.contracts.internal import WRITTEN_AT
from markethall.contracts.messages import CatalogChanged, OrderStatusChanged, Pulse, StockChanged
from markethall.contracts.topology import CATALOG_CHANGED, LIVE, LIVE_ORDERS_STATUS, LIVE_PULSE, LIVE_STOCK_CHANGED
from markethall.front.availability import Availability
from markethall.front.cache import Cache, Key
from markethall.front.composition import Template
from markethall.front.freshness import Freshness
from markethall.front.statuses import Statuses, tell_statuses
from markethall.kit.applied import front_name
from markethall.kit.bus import APPLIED_TO, Bus
from markethall.kit.tasks import cancel

log = structlog.get_logger(__name__)

_catalog = msgspec.msgpack.Decoder(CatalogChanged)
_stock = msgspec.msgpack.Decoder(StockChanged)
_statuses = msgspec.msgpack.Decoder(OrderStatusChanged)
_pulse = msgspec.msgpack.Decoder(Pulse)


class Announcements:
    """Keeps cache and availability in step. While the bus is away they are told not to trust themselves."""

    def __init__(
        self,
        bus: Bus,
        replica: str,
        cache: Cache[Template],
        availability: Availability,
        statuses: Statuses,
        freshness: Freshness,
    ) -> None:
        self._freshness = freshness
        self._bus = bus
        self._name = front_name(replica).encode()
        self._cache = cache
        self._availability = availability
        self._told = statuses
        self._task: asyncio.Task[None] | None = None
        bus.on_disconnect(self._distrust)
        bus.on_reconnect(self._reconnected)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._listen(), name="announcements")
        await asyncio.wait([self._task], timeout=2.0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await cancel(self._task)

    async def _listen(self) -> None:
        await self._bus.listen(f"{LIVE}>", self.hear)
        await self._bus.listen(CATALOG_CHANGED, self.hear)
        self._trust()

    def _reconnected(self) -> None:
        if self._task is not None and self._task.done():
            self._task = asyncio.create_task(self._resume(), name="announcements")

    async def _resume(self) -> None:
        """Trust again once the bus is known to have the subscriptions: it answers in order."""
        while self._bus.connected:
            try:
                await self._bus.flush()
            except Exception as error:
                log.info("bus does not answer yet", reason=repr(error))
                await asyncio.sleep(0.1)
                continue
            self._trust()
            return

    def _trust(self) -> None:
        self._freshness.trust()
        self._cache.trust()
        self._availability.trust()

    def _distrust(self) -> None:
        self._freshness.distrust()
        self._cache.distrust()
        self._availability.distrust()

    async def hear(self, message: Msg) -> None:
        """Apply one message, then say so if its writer waits for that."""
        try:
            self._apply(message)
        except msgspec.MsgspecError as error:
            # Whatever it said went unheard.
            log.error("unreadable announcement", subject=message.subject, reason=str(error))
            self._distrust()
            self._trust()
        if message.headers and (reply_to := message.headers.get(APPLIED_TO)):
            await self._bus.publish_live(reply_to, self._name)

    def _apply(self, message: Msg) -> None:
        match message.subject:
            case subject if subject == LIVE_STOCK_CHANGED:
                self._availability.hear_change(_stock.decode(message.data))
            case subject if subject == LIVE_ORDERS_STATUS:
                tell_statuses(self._told, _statuses.decode(message.data))
            case subject if subject == LIVE_PULSE:
                self._availability.hear_pulse(_pulse.decode(message.data))
            case subject if subject == CATALOG_CHANGED:
                self._freshness.hear((message.headers or {}).get(WRITTEN_AT))
                self._change_catalog(_catalog.decode(message.data))

    def _change_catalog(self, changed: CatalogChanged) -> None:
        for product in changed.products:
            self._cache.change(product.slug, product.product_id, product.version)
        for slug in changed.former_slugs:
            self._cache.drop(Key("product", slug))
        self._cache.drop_lists()
