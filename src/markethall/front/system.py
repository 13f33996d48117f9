"""`GET /api/system`: who is alive, how far behind the bus is, what waits in the outboxes."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import structlog
from litestar import get
from litestar.di import NamedDependency

from markethall.contracts.internal import STATUS_PATH, ReplicaStatus
from markethall.contracts.messages import Replica
from markethall.contracts.topology import PARTS, STREAMS, Durable
from markethall.front.cache import Cache
from markethall.front.composition import Template
from markethall.front.inner import decoded
from markethall.front.machine import processes
from markethall.front.products import Products
from markethall.front.routes import SERVICES
from markethall.kit.balancing import Balancer
from markethall.kit.bus import Bus
from markethall.kit.guards import admin_only
from markethall.kit.problems import responses
from markethall.kit.registry import Directory

log = structlog.get_logger(__name__)

SECONDS = 2.0

_statuses = msgspec.json.Decoder(ReplicaStatus)


class StreamState(msgspec.Struct, frozen=True):
    """What a stream of the bus holds."""

    name: str
    messages: int
    bytes: int


class ConsumerState(msgspec.Struct, frozen=True):
    """How far a consumer is behind: `waiting` was not delivered yet, `unacknowledged` was."""

    stream: str
    name: str
    waiting: int
    unacknowledged: int
    redelivered: int


class BusState(msgspec.Struct, frozen=True):
    """Streams and consumers that could be asked about."""

    connected: bool
    streams: list[StreamState]
    consumers: list[ConsumerState]


NO_BUS = BusState(False, [], [])


class CacheState(msgspec.Struct, frozen=True):
    """Of the front that answers, since it began."""

    replica: str
    entries: int
    capacity: int
    hits: int
    misses: int
    stale: int
    bypassed: int


class SystemView(msgspec.Struct, frozen=True):
    """`outboxes`: by service; null where none of its replicas answers.

    `processes`: what `markethall status --json` prints; null where no `markethall up` runs the shop.
    """

    replicas: list[Replica]
    bus: BusState
    outboxes: dict[str, ReplicaStatus | None]
    cache: CacheState
    processes: dict[str, Any] | None = None


class Overview:
    """Asks everyone at once; what does not answer in time is left out."""

    def __init__(
        self,
        bus: Bus,
        directory: Directory,
        balancer: Balancer,
        cache: Cache[Template],
        products: Products,
        replica: str,
        capacity: int,
        status_socket: Path | None = None,
    ) -> None:
        self._bus = bus
        self._directory = directory
        self._balancer = balancer
        self._cache = cache
        self._products = products
        self._replica = replica
        self._capacity = capacity
        self._status_socket = status_socket

    async def view(self) -> SystemView:
        bus, outboxes, supervised = await asyncio.gather(
            self.bus_state(),
            asyncio.gather(*(self._outbox(service) for service in SERVICES)),
            processes(self._status_socket),
        )
        replicas = sorted(self._directory.all(), key=lambda replica: (replica.service, replica.id))
        return SystemView(
            replicas=replicas,
            bus=bus,
            outboxes=dict(zip(SERVICES, outboxes, strict=True)),
            cache=self.cache_state(),
            processes=supervised,
        )

    async def bus_state(self) -> BusState:
        if not self._bus.connected:
            return NO_BUS
        durables = [durable for part in PARTS.values() for durable in part.durables]
        streams, consumers = await asyncio.gather(
            asyncio.gather(*(self._stream(stream.name) for stream in STREAMS)),
            asyncio.gather(*(self._consumer(durable) for durable in durables)),
        )
        return BusState(
            True,
            [state for state in streams if state is not None],
            [state for state in consumers if state is not None],
        )

    async def outbox_lengths(self) -> dict[str, int | None]:
        """By service; null where none of its replicas answers."""
        found = await asyncio.gather(*(self._outbox(service) for service in SERVICES))
        return {service: one.outbox if one else None for service, one in zip(SERVICES, found, strict=True)}

    async def _stream(self, name: str) -> StreamState | None:
        state = await self._ask(f"STREAM.INFO.{name}")
        return StreamState(name, state["state"]["messages"], state["state"]["bytes"]) if "state" in state else None

    async def _consumer(self, durable: Durable) -> ConsumerState | None:
        state = await self._ask(f"CONSUMER.INFO.{durable.stream}.{durable.name}")
        if "num_pending" not in state:
            return None
        return ConsumerState(
            durable.stream,
            durable.name,
            state["num_pending"],
            state["num_ack_pending"],
            state["num_redelivered"],
        )

    async def _ask(self, what: str) -> dict[str, Any]:
        try:
            answer = await self._bus.request(f"$JS.API.{what}", b"", timeout_seconds=SECONDS)
            return msgspec.json.decode(answer, type=dict[str, Any])
        except Exception as error:
            log.info("the bus does not say", what=what, reason=str(error))
            return {}

    async def _outbox(self, service: str) -> ReplicaStatus | None:
        try:
            answer = await self._balancer.request(
                service, "GET", STATUS_PATH, repeatable=True, deadline_seconds=SECONDS, attempt_seconds=SECONDS
            )
            return decoded(_statuses, answer) if answer.status == 200 else None
        except Exception as error:
            log.info("outbox not known", of=service, reason=str(error))
            return None

    def cache_state(self) -> CacheState:
        counts = self._products.counts
        return CacheState(
            replica=self._replica,
            entries=len(self._cache),
            capacity=self._capacity,
            hits=counts.hits,
            misses=counts.misses,
            stale=counts.stale,
            bypassed=counts.bypassed,
        )


@get(
    "/api/system",
    summary="Who is alive, and how far behind",
    tags=["system"],
    guards=[admin_only],
    responses=responses(401, 403),
)
async def system(overview: NamedDependency[Overview]) -> SystemView:
    """For admins. What does not answer within 2 s is left out, or null."""
    return await overview.view()
