"""What can be bought now, for MQTT devices: `markethall/stock/<sku>`, the newest value of each SKU, now and then.

Every replica hears every change; one tells it, and the others hear that, too. So a replica that dies
takes no change with it, and the last value is told. Nothing of this is on the path of an order, and
nothing is told before the first device has come.
"""

import asyncio
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import msgspec
import structlog
from nats.aio.msg import Msg

from markethall.contracts.messages import StockChanged
from markethall.contracts.topology import DEVICE_STOCK, LIVE_STOCK_CHANGED
from markethall.inventory import batches
from markethall.inventory.decisions import Level
from markethall.kit.bus import Bus
from markethall.kit.db import Database
from markethall.kit.tasks import Periodic, cancel

log = structlog.get_logger(__name__)

INTERVAL_SECONDS = 0.5
"""A SKU is told at most once in it."""
SKUS_PER_TURN = 250
"""Where more change, they take turns."""
MAX_PENDING = 100_000
LOOK_SECONDS = 1.0
FIRST_DEVICE_STREAM = "$MQTT_out"
"""NATS makes it when the first MQTT client connects."""
VERSION = "Version"
"""Header with the level's version. Devices do not see it."""

LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('stock topic', 0))"

_decoder = msgspec.msgpack.Decoder(StockChanged)


class Available(msgspec.Struct, frozen=True):
    """The payload."""

    sku: str
    available: int


class StockTopic:
    """One replica tells at a time, what it reads while it may: values never come in the wrong order."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._pending: dict[str, int] = {}
        """SKU → version that was heard of, longest waiting first."""
        self._told_at: dict[str, float] = {}
        self._device_came = False
        self._looked_at = 0.0
        self._listening: asyncio.Task[None] | None = None
        self._turns = Periodic("stock topic", self.turn, INTERVAL_SECONDS / 2)

    async def __aenter__(self) -> Self:
        self._listening = asyncio.create_task(self._listen(), name="stock topic's ears")
        await self._turns.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._turns.__aexit__(kind, error, trace)
        await cancel(self._listening)

    async def _listen(self) -> None:
        await self._bus.listen(f"{DEVICE_STOCK}.>", self._hear_told)
        await self._bus.listen(LIVE_STOCK_CHANGED, self._hear_changed)

    async def _hear_changed(self, message: Msg) -> None:
        try:
            changed = _decoder.decode(message.data)
        except msgspec.MsgspecError as error:
            log.warning("unreadable stock message", reason=str(error))
            return
        for sku, version in zip(changed.skus, changed.versions, strict=False):
            if sku in self._pending or len(self._pending) < MAX_PENDING:
                self._pending[sku] = max(version, self._pending.get(sku, 0))

    async def _hear_told(self, message: Msg) -> None:
        sku = message.subject.removeprefix(f"{DEVICE_STOCK}.").replace("//", ".")
        version = message.headers.get(VERSION, "") if message.headers else ""
        if version.isdecimal():
            self._was_told(sku, int(version))

    def _was_told(self, sku: str, version: int) -> None:
        self._told_at[sku] = time.monotonic()
        if self._pending.get(sku, version + 1) <= version:
            del self._pending[sku]

    async def turn(self) -> None:
        """Tell what has waited longest, unless another replica is telling."""
        before = time.monotonic() - INTERVAL_SECONDS
        self._told_at = {sku: at for sku, at in self._told_at.items() if at > before}
        due = [sku for sku in self._pending if sku not in self._told_at][:SKUS_PER_TURN]
        if not due or not self._bus.connected or not await self._somebody_may_hear():
            return
        async with self._database.hot() as connection:
            if not await connection.fetchval(LOCK):
                return
            levels = await batches.read_levels(connection, due)
            await self._tell(levels)
            # Those who tell next read what is newer, and are heard later.
            await self._bus.flush()
        for sku in due:
            level = levels.get(sku)
            self._was_told(sku, level.version if level else self._pending.get(sku, 0))

    async def _somebody_may_hear(self) -> bool:
        now = time.monotonic()
        if not self._device_came and now - self._looked_at > LOOK_SECONDS:
            self._looked_at = now
            self._device_came = await self._bus.stream_identity(FIRST_DEVICE_STREAM) is not None
        return self._device_came

    async def _tell(self, levels: Mapping[str, Level]) -> None:
        for sku, level in levels.items():
            await self._bus.client.publish(
                subject_of(sku),
                msgspec.json.encode(Available(sku, level.available)),
                headers={VERSION: str(level.version)},
            )


def subject_of(sku: str) -> str:
    """The subject of the topic `markethall/stock/<sku>`: NATS writes a dot within a level as two slashes."""
    return f"{DEVICE_STOCK}.{sku.replace('.', '//')}"
