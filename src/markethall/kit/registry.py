"""The registry: each replica writes itself into a bucket and renews it; whoever sends, watches."""

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import msgspec
import structlog
from nats.aio.msg import Msg

from markethall.contracts.messages import Replica
from markethall.contracts.topology import REPLICAS_BUCKET
from markethall.kit.buckets import read_bucket
from markethall.kit.bus import Bus
from markethall.kit.tasks import Periodic, cancel

log = structlog.get_logger(__name__)

RENEW_SECONDS = 1.0
LAPSE_SECONDS = 3.5
"""Three renewals missed: the replica is left out."""

_PREFIX = f"$KV.{REPLICAS_BUCKET}."


class Registration:
    """Keeps this replica's entry alive; takes it out when leaving."""

    def __init__(self, bus: Bus, replica: Replica) -> None:
        self._bus = bus
        self._subject = f"{_PREFIX}{replica.service}.{replica.id}"
        self._value = msgspec.json.encode(replica)
        self._renewing: asyncio.Task[None] | None = None
        # What was said to a server that died was not heard; the next time could be too late.
        bus.on_reconnect(self._renew_now)
        self._renewal = Periodic("registration", self._renew, RENEW_SECONDS, timeout_seconds=3)
        self._left = False

    async def __aenter__(self) -> Self:
        await self._renewal.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.leave()

    async def leave(self) -> None:
        """Say that this replica takes no more requests."""
        if self._left:
            return
        self._left = True
        await cancel(self._renewing)
        await self._renewal.__aexit__(None, None, None)
        try:
            async with asyncio.timeout(1):
                await self._bus.client.publish(self._subject, b"", headers={"KV-Operation": "DEL"})
                await self._bus.flush()
        except Exception as error:
            log.warning("registration not withdrawn; it will lapse", reason=repr(error))

    def _renew_now(self) -> None:
        if not self._left:
            self._renewing = asyncio.create_task(self._renew(), name="renewal of the registration")

    async def _renew(self) -> None:
        # Not waiting for the bucket: while it has no leader those who listen hear of us all the same.
        if self._bus.connected:
            await self._bus.client.publish(self._subject, self._value)


class Directory:
    """Who is alive, by service. With the bus down it keeps the last known list."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._seen: dict[tuple[str, str], tuple[Replica, float]] = {}
        self._silent_since = time.monotonic()
        self._listening: asyncio.Task[None] | None = None
        self._changed: list[Callable[[], None]] = []
        bus.on_disconnect(self._freeze)
        bus.on_reconnect(self._thaw)
        self._frozen = False

    def on_change(self, call: Callable[[], None]) -> None:
        """`call` runs when a replica appears or leaves (not when it lapses in silence)."""
        self._changed.append(call)

    async def __aenter__(self) -> Self:
        self._listening = asyncio.create_task(self._listen(), name="directory")
        await asyncio.wait([self._listening], timeout=2.0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await cancel(self._listening)

    def live(self, service: str) -> list[Replica]:
        now = time.monotonic()
        return [
            replica
            for (name, _), (replica, seen) in self._seen.items()
            if name == service and (self._frozen or now - max(seen, self._silent_since) < LAPSE_SECONDS)
        ]

    def all(self) -> list[Replica]:
        return [replica for service in sorted({name for name, _ in self._seen}) for replica in self.live(service)]

    def has_left(self, replica: Replica) -> bool:
        """Whether it was taken out: by itself, or because it refused connections. Else it has lapsed, or lives."""
        return (replica.service, replica.id) not in self._seen

    def forget(self, replica: Replica) -> None:
        """Leave a replica out at once (its connection was refused) until it renews its entry."""
        if self._seen.pop((replica.service, replica.id), None) is not None:
            self._tell()

    async def _listen(self) -> None:
        # A write to a bucket passes by its listeners too, so renewals need no consumer of their own.
        await self._bus.listen(f"{_PREFIX}>", self._hear)
        try:
            for entry in await read_bucket(self._bus, REPLICAS_BUCKET):
                if entry.value and not entry.deleted:
                    self._see(entry.value)
        except Exception as error:
            log.info("no first list of replicas; renewals will bring it", reason=repr(error))

    async def _hear(self, message: Msg) -> None:
        if message.headers and message.headers.get("KV-Operation"):
            service, _, replica_id = message.subject.removeprefix(_PREFIX).partition(".")
            if self._seen.pop((service, replica_id), None) is not None:
                self._tell()
        else:
            self._see(message.data)

    def _see(self, value: bytes) -> None:
        try:
            replica = msgspec.json.decode(value, type=Replica)
        except msgspec.MsgspecError as error:
            log.warning("unreadable registration", reason=str(error))
            return
        key = (replica.service, replica.id)
        known = self._seen.get(key)
        self._seen[key] = (replica, time.monotonic())
        if known is None or known[0] != replica:
            self._tell()
        if len(self._seen) > 10_000:
            self._sweep()

    def _sweep(self) -> None:
        now = time.monotonic()
        self._seen = {k: v for k, v in self._seen.items() if now - v[1] < LAPSE_SECONDS}

    def _tell(self) -> None:
        for call in self._changed:
            call()

    def _freeze(self) -> None:
        self._frozen = True

    def _thaw(self) -> None:
        # Everyone gets a full lapse to renew: the bus was away, not they.
        self._frozen = False
        self._silent_since = time.monotonic()
