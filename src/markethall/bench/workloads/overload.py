"""Beyond capacity: what is served when far more is asked for, who is told what, and what is left of it afterwards."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic

from markethall.bench import acknowledged
from markethall.bench.case import Facts, Outcome, Ready, Target
from markethall.bench.errors import CannotMeasure
from markethall.bench.goods import stock
from markethall.bench.load import flood
from markethall.bench.load.flood import BROKEN, Flooded
from markethall.bench.load.pace import MANY
from markethall.bench.load.seen import Seen
from markethall.bench.probing import Probe
from markethall.bench.subject import Subject
from markethall.bench.usage import Meter
from markethall.bench.workloads.orders import Orders
from markethall.kit.tasks import cancel

LOOK_SECONDS = 3.0
"""Between two looks at the memory, each of which takes some 50 ms of a core."""
QUICK_SECONDS = 0.1
"""What is answered within this, or twice the slowest while it was calm, is answered as it should be."""
GOODPUT = Target("goodput_percent", 80)
MOST_RECOVERY_SECONDS = 5.0
GIVE_UP_SECONDS = 60.0
LEAST_OFFERED = 0.8
"""Of what should have been asked for: with less, nothing was shown."""
MOST_KIB_A_CONNECTION = 16
MOST_FURTHER_MIB = 64
"""Memory may grow by so much for each connection, and by so much besides; not with what is asked for."""


@dataclass
class Found:
    """Of one run."""

    capacity: float = 0.0
    again: float = 0.0
    calm_seconds: float = 0.0
    recovered_seconds: float = 0.0
    flooded: Flooded | None = None
    before_mib: float = 0.0
    most_mib: float = 0.0
    after_mib: float = 0.0
    lost: tuple[int, int] = (0, 0)
    grew_mib: dict[str, float] = field(default_factory=dict)
    """The most, by service."""


@dataclass(frozen=True)
class Overload:
    """First the capacity, by closed loop; then `times` as much by the clock, on `connections` at most; then a probe,
    until the shop is as it was; then the capacity again. Machines drift: goodput is a share of the mean of both.
    Nothing is taken off for the cores that the load takes of the shop's, which are more than finding the capacity does.

    Done is what was answered as it was asked for by the load's end: confirmed, or taken with `respond_async`.
    """

    times: float = 3.0
    connections: int = 6500
    """A front that was calm takes 5,000 orders before it turns anybody away."""
    processes: int = 1
    capacity_seconds: float = 5.0
    respond_async: bool = False
    unit: str = "orders"
    route: tuple[str, str] = ("POST", "/api/orders")

    @property
    def settings(self) -> Mapping[str, str]:
        return {}

    @property
    def _good(self) -> Sequence[str]:
        """Statuses of what was answered as it wished."""
        return ("202", "201") if self.respond_async else ("201",)

    async def prepare(self, subject: Subject) -> Ready:
        goods = await stock(subject, 1)
        probe = Probe(subject, goods.skus[0])
        closed = Orders(MANY, respond_async=self.respond_async)
        requests = closed.requests(subject.address, goods.skus)
        meter = Meter(subject.shop, subject.beside) if subject.shop else None
        found, good = Found(), self._good

        async def capacity() -> float:
            seen = await MANY.load(subject, requests, self.capacity_seconds)
            return (seen.answers - seen.refused) / seen.seconds

        async def beyond(rate: float, seconds: float) -> Flooded:
            begins_at = monotonic() + flood.START_SECONDS
            flooding = asyncio.create_task(
                flood.run(
                    subject.address,
                    requests,
                    rate=rate,
                    seconds=seconds,
                    connections=self.connections,
                    processes=self.processes,
                    begins_at=begins_at,
                )
            )
            try:
                await asyncio.wait([flooding], timeout=begins_at + seconds - monotonic())
                if not (flooding.done() and flooding.exception()):
                    quick = max(QUICK_SECONDS, 2 * found.calm_seconds)
                    found.recovered_seconds = await probe.recovered(begins_at + seconds, quick, at_most=GIVE_UP_SECONDS)
                return await flooding
            finally:
                flooding.cancel()
                await asyncio.gather(flooding, return_exceptions=True)

        async def load(seconds: float) -> Seen:
            found.calm_seconds = await probe.calm_seconds()
            found.capacity = await capacity()
            async with _watched(meter, found):
                found.flooded = flooded = await beyond(found.capacity * self.times, seconds)
            found.again = await capacity()
            return _seen(flooded, seconds, good)

        async def after() -> None:
            found.after_mib = sum((await _memory(meter)).values())
            if subject.shop is not None and found.flooded is not None:
                orders = found.flooded.orders
                found.lost = await acknowledged.lost(subject.dsns()["orders"], orders["201"], orders["202"])

        def judge(seen: Seen, facts: Facts) -> Outcome:
            return self.judge(seen, facts, found)

        return Ready(load, judge, after=after)

    def judge(self, seen: Seen, facts: Facts, found: Found) -> Outcome:
        flooded = found.flooded
        if flooded is None:
            raise CannotMeasure("there was no load")
        done = sum(flooded.in_time.get(status, 0) for status in self._good)
        peak = (found.capacity + found.again) / 2
        goodput = done / seen.seconds / peak * 100
        violations = []
        if flooded.sent / seen.seconds < LEAST_OFFERED * self.times * peak:
            asked_for = flooded.sent / seen.seconds / peak
            violations.append(f"{asked_for:.1f} times the capacity was asked for, not {self.times:g} times")
        if found.recovered_seconds > MOST_RECOVERY_SECONDS:
            violations.append(f"it was as before {found.recovered_seconds:.1f} s after the load's end")
        grew = found.most_mib - found.before_mib
        if grew > self.connections * MOST_KIB_A_CONNECTION / 1024 + MOST_FURTHER_MIB:
            violations.append(f"memory grew by {grew:,.0f} MiB, for {self.connections} connections")
        if any(found.lost):
            confirmed, taken = found.lost
            violations.append(f"of what was told, {confirmed} confirmed and {taken} taken orders are not there as told")
        odd = {kind: count for kind, count in flooded.counts.items() if kind not in ("201", "202", "503")}
        violations += [f"{count} were {'' if kind == BROKEN else 'answered '}{kind}" for kind, count in odd.items()]
        violations += [f"{count} {what}" for what, count in flooded.odd.items()]
        if flooded.unanswered:
            violations.append(f"{flooded.unanswered} were not answered")
        return Outcome(
            done,
            facts.counts.confirmed if facts.counts else done,
            refused=sum(odd.values()),
            more={
                **_figures(seen.seconds, found, flooded),
                "load_cores": round(flooded.cpu_seconds / seen.seconds, 2),
                "goodput_percent": round(goodput, 1),
            },
            violations=tuple(violations),
        )


def _figures(seconds: float, found: Found, flooded: Flooded) -> dict[str, float]:
    refused = flooded.latencies_ms.get("503", {})
    more = {
        "capacity_rate": found.capacity,
        "capacity_afterwards_rate": found.again,
        "offered_rate": flooded.sent / seconds,
        "not_sent_rate": flooded.unsent / seconds,
        "confirmed_rate": flooded.counts.get("201", 0) / seconds,
        "pending_rate": flooded.counts.get("202", 0) / seconds,
        "refused_rate": flooded.counts.get("503", 0) / seconds,
        "unanswered_orders": flooded.unanswered,
        **{f"refusal_{name}_ms": refused[name] for name in ("p50", "p99", "max") if refused},
        "calm_slowest_ms": found.calm_seconds * 1000,
        "recovered_after_seconds": found.recovered_seconds,
        "before_mib": found.before_mib,
        "most_mib": found.most_mib,
        "afterwards_mib": found.after_mib,
        **{f"{name}_grew_mib": most for name, most in found.grew_mib.items() if most >= 1},
    }
    return {name: round(value, 3) for name, value in more.items()}


def _seen(flooded: Flooded, seconds: float, good: Sequence[str]) -> Seen:
    """Latencies are of what was answered as it wished."""
    statuses: dict[str, int] = {}
    for kind, count in flooded.counts.items():
        if kind != BROKEN:
            statuses[kind[:3]] = statuses.get(kind[:3], 0) + count
    return Seen(
        answers=sum(statuses.values()),
        seconds=seconds,
        refused=sum(count for status, count in statuses.items() if int(status) >= 400),
        broken=flooded.counts.get(BROKEN, 0) + flooded.unanswered,
        latencies_ms=next((flooded.latencies_ms[each] for each in good if each in flooded.latencies_ms), {}),
        cpu_seconds=round(flooded.cpu_seconds, 3),
        statuses=statuses,
        late_ms=flooded.late_ms,
        by_kind=flooded.latencies_ms,
    )


async def _memory(meter: Meter | None) -> dict[str, float]:
    """PSS by service, MiB."""
    return await asyncio.to_thread(meter.memory_mib) if meter else {}


@asynccontextmanager
async def _watched(meter: Meter | None, found: Found) -> AsyncIterator[None]:
    """Notes the most memory that is taken within."""
    before = await _memory(meter)
    found.before_mib = found.most_mib = sum(before.values())
    found.grew_mib = {}

    async def watch() -> None:
        while True:
            now = await _memory(meter)
            found.most_mib = max(found.most_mib, sum(now.values()))
            for name, mib in now.items():
                grew = round(mib - before.get(name, 0.0), 1)
                found.grew_mib[name] = max(found.grew_mib.get(name, 0.0), grew)
            await asyncio.sleep(LOOK_SECONDS)

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        await cancel(watching)
