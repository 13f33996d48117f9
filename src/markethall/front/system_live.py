"""`GET /api/system/live`: the shop as it is this second, for a page that asks every second.

However many pages ask, everyone is asked once a second: all at once, with a short deadline. A replica that does not
answer is shown as silent; one that is no longer in the registry is shown as gone for a while.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

import aiohttp
import msgspec
import structlog
from litestar import Request, get
from litestar.di import NamedDependency

from markethall.contracts.internal import FIGURES_PATH, ReplicaFigures
from markethall.contracts.messages import Replica
from markethall.front.machine import processes
from markethall.front.routes import SERVICES
from markethall.front.sold_out import SoldOut
from markethall.front.system import NO_BUS, BusState, Overview
from markethall.front.system_watch import Gone, Incident, RegistryWatch
from markethall.kit.figures import FIGURES
from markethall.kit.guards import admin_only
from markethall.kit.problems import responses
from markethall.kit.registry import Directory

log = structlog.get_logger(__name__)

FRESH_SECONDS = 0.8
ANSWER_SECONDS = 0.8
SUPERVISOR_SECONDS = 0.5
"""Waited for; what comes later is shown the next time."""
MAX_REPLICAS = 500
SELF_PATH = "/api/system/self"

State = Literal["up", "not ready", "silent", "left", "lapsed"]

T = TypeVar("T")

_figures = msgspec.json.Decoder(ReplicaFigures)


class LiveReplica(msgspec.Struct, frozen=True):
    """`state`: silent does not answer; left and lapsed are in the registry no more. Rates are of the last 10 s."""

    service: str
    id: str
    address: str
    version: str
    since: str
    state: State
    requests_per_second: float | None = None
    failures_per_second: float | None = None
    p50_seconds: float | None = None
    p99_seconds: float | None = None
    carried: dict[str, float] = {}
    """By where to: a service, `database`, `bus`, and `from bus`."""
    dependencies: dict[str, str] = {}


class Edge(msgspec.Struct, frozen=True):
    """What all replicas of a part send to another: requests, transactions or messages."""

    source: str
    target: str
    per_second: float


class CacheTotals(msgspec.Struct, frozen=True):
    """Of all fronts that answered, each since it began. `hit_ratio`: of all reads; null before the first.

    `sold_out`: orders that were refused from a front's own copy of what is sold out; no order was made, so no figures
    of sales have them.
    """

    fronts: int
    entries: int
    hits: int
    misses: int
    stale: int
    bypassed: int
    hit_ratio: float | None
    sold_out: int


class Supervised(msgspec.Struct, frozen=True):
    """What `markethall up` says, `age_seconds` ago: its processes, the servers of the bus, the databases."""

    age_seconds: float
    units: list[dict[str, Any]]
    bus: dict[str, Any] | None
    databases: list[dict[str, Any]] | None


class LiveView(msgspec.Struct, frozen=True):
    """`supervised` is null where no `markethall up` runs the shop; `incidents` are then the registry's."""

    at: float
    replicas: list[LiveReplica]
    edges: list[Edge]
    bus: BusState
    dead_letters: int | None
    outboxes: dict[str, int | None]
    cache: CacheTotals
    supervised: Supervised | None
    incidents: list[Incident]


class LiveSystem:
    """Gathers when somebody asks, and at most so often."""

    def __init__(
        self, overview: Overview, sold_out: SoldOut, directory: Directory, replica: str, status_socket: Path | None
    ) -> None:
        self._overview = overview
        self._sold_out = sold_out
        self._directory = directory
        self._replica = replica
        self._socket = status_socket
        self._watch = RegistryWatch(directory)
        self._session: aiohttp.ClientSession | None = None
        self._gathering: asyncio.Task[LiveView] | None = None
        self._view: LiveView | None = None
        self._asking: asyncio.Task[dict[str, Any] | None] | None = None
        self._supervised: tuple[float, dict[str, Any]] | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS), cookie_jar=aiohttp.DummyCookieJar()
        )
        await self._watch.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._watch.__aexit__(kind, error, trace)
        for task in (self._gathering, self._asking):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        if self._session is not None:
            await self._session.close()

    def own_figures(self) -> ReplicaFigures:
        """Of this front."""
        counts = self._overview.cache_state()
        cache = {name: getattr(counts, name) for name in ("entries", "hits", "misses", "stale", "bypassed")}
        cache["sold_out"] = self._sold_out.refusals
        return msgspec.structs.replace(FIGURES.read("front", self._replica), ready=True, cache=cache)

    async def view(self, authorization: str) -> LiveView:
        """`authorization`: of the admin who asks; other fronts tell only admins."""
        if self._view is not None and time.time() - self._view.at < FRESH_SECONDS:
            return self._view
        if self._gathering is None or self._gathering.done():
            self._gathering = asyncio.create_task(self._gather(authorization), name="picture of the shop")
        # Whoever gives up does not take it from the others.
        self._view = await asyncio.shield(self._gathering)
        return self._view

    async def _gather(self, authorization: str) -> LiveView:
        known = self._directory.all()[:MAX_REPLICAS]
        asked = asyncio.gather(*(self._ask(replica, authorization) for replica in known))
        figures, bus, outboxes, supervised = await asyncio.gather(
            asked,
            _in_time(self._overview.bus_state(), NO_BUS),
            _in_time(self._overview.outbox_lengths(), dict.fromkeys(SERVICES)),
            self._ask_supervisor(),
        )
        replicas = [_shown(replica, answer) for replica, answer in zip(known, figures, strict=True)]
        replicas += [_gone(gone) for gone in self._watch.gone()]
        return LiveView(
            at=time.time(),
            replicas=sorted(replicas, key=lambda each: (each.service, each.id)),
            edges=edges_of(replicas),
            bus=bus,
            dead_letters=next((stream.messages for stream in bus.streams if stream.name == "DEAD"), None),
            outboxes=outboxes,
            cache=_cache_totals([answer for answer in figures if answer is not None and answer.service == "front"]),
            supervised=supervised,
            incidents=self._watch.incidents() if supervised is None else self._told_incidents(),
        )

    async def _ask(self, replica: Replica, authorization: str) -> ReplicaFigures | None:
        if replica.service == "front" and replica.id == self._replica:
            return self.own_figures()
        path, headers = FIGURES_PATH, {}
        if replica.service == "front":
            path, headers = SELF_PATH, {"Authorization": authorization}
        assert self._session is not None
        try:
            async with self._session.get(replica.address + path, headers=headers, allow_redirects=False) as answer:
                return _figures.decode(await answer.read()) if answer.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.MsgspecError) as error:
            log.debug("no figures", of=replica.service, replica=replica.id, reason=repr(error))
            return None

    async def _ask_supervisor(self) -> Supervised | None:
        if self._socket is None:
            return None
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(processes(self._socket), name="asking the supervisor")
            self._asking.add_done_callback(self._heard_of_supervisor)
        await asyncio.wait([self._asking], timeout=SUPERVISOR_SECONDS)
        if self._supervised is None:
            return None
        at, told = self._supervised
        return Supervised(round(time.monotonic() - at, 3), told["units"], told["bus"], told["databases"])

    def _heard_of_supervisor(self, task: "asyncio.Task[dict[str, Any] | None]") -> None:
        if not task.cancelled() and task.exception() is None and (told := task.result()) is not None:
            self._supervised = time.monotonic(), told

    def _told_incidents(self) -> list[Incident]:
        assert self._supervised is not None
        return msgspec.convert(self._supervised[1].get("incidents", []), list[Incident])


async def _in_time(answer: Coroutine[Any, Any, T], otherwise: T) -> T:
    try:
        return await asyncio.wait_for(answer, ANSWER_SECONDS)
    except TimeoutError:
        return otherwise


def edges_of(replicas: Sequence[LiveReplica]) -> list[Edge]:
    """What each part sends to others, all of its replicas together."""
    sums: Counter[tuple[str, str]] = Counter()
    for replica in replicas:
        for to, rate in replica.carried.items():
            pair = ("bus", replica.service) if to == "from bus" else (replica.service, to)
            sums[pair] += rate  # type: ignore[assignment]
    return [Edge(source, target, round(rate, 3)) for (source, target), rate in sorted(sums.items())]


def _shown(replica: Replica, figures: ReplicaFigures | None) -> LiveReplica:
    place = replica.service, replica.id, replica.address, replica.version, replica.since
    if figures is None:
        return LiveReplica(*place, "silent")
    return LiveReplica(
        *place,
        "up" if figures.ready else "not ready",
        figures.requests_per_second,
        figures.failures_per_second,
        figures.p50_seconds,
        figures.p99_seconds,
        figures.carried,
        figures.dependencies,
    )


def _gone(gone: Gone) -> LiveReplica:
    replica = gone.replica
    state: State = "left" if gone.kind == "left" else "lapsed"
    return LiveReplica(replica.service, replica.id, replica.address, replica.version, replica.since, state)


def _cache_totals(fronts: Sequence[ReplicaFigures]) -> CacheTotals:
    sums: Counter[str] = Counter()
    for front in fronts:
        sums.update(front.cache)
    reads = sum(sums[name] for name in ("hits", "misses", "stale", "bypassed"))
    return CacheTotals(
        fronts=len(fronts),
        entries=sums["entries"],
        hits=sums["hits"],
        misses=sums["misses"],
        stale=sums["stale"],
        bypassed=sums["bypassed"],
        hit_ratio=round(sums["hits"] / reads, 4) if reads else None,
        sold_out=sums["sold_out"],
    )


@get(
    "/api/system/live",
    summary="The shop as it is this second",
    tags=["system"],
    guards=[admin_only],
    responses=responses(401, 403),
)
async def live_system(request: Request[Any, Any, Any], live: NamedDependency[LiveSystem]) -> LiveView:
    """For admins, to be asked every second: everyone is asked once a second, however many ask for this."""
    return await live.view(request.headers.get("authorization", ""))


@get(SELF_PATH, include_in_schema=False, guards=[admin_only])
async def own_figures(live: NamedDependency[LiveSystem]) -> ReplicaFigures:
    """For another front's picture of the shop."""
    return live.own_figures()
