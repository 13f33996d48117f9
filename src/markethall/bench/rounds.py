"""Rounds of all cases in turn: load, wait until nothing is under way, audit."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import msgspec

from markethall.auditing.report import audit
from markethall.bench import answers as front_answers
from markethall.bench import settling
from markethall.bench.case import Case, Facts, Ready
from markethall.bench.errors import CannotMeasure
from markethall.bench.load.seen import Seen
from markethall.bench.settling import Books
from markethall.bench.subject import Subject, Wanted, opened
from markethall.bench.telling import AUDITING, OF_LOAD, SETTLING, Tell, Way, telling
from markethall.bench.usage import Meter, Usage

WARM_SECONDS = 2.0
MEMORY_AT = 0.8
"""When in a run memory is looked at, as a share of its length."""


class Round(msgspec.Struct, frozen=True):
    """One run of one case. `rate` is what was `done` per second, None where something was violated.

    `served` is what the shop did, with what was under way when the load ended.

    `cpu_seconds`, `memory_mib` by service, of a local shop; `elsewhere`: cores that others on the machine took.
    """

    rate: float | None
    done: int
    served: int
    refused: int
    seen: Seen
    facts: Facts
    more: Mapping[str, float]
    violations: tuple[str, ...]
    cpu_seconds: Mapping[str, float]
    memory_mib: Mapping[str, float]
    elsewhere: float | None
    load_average: float

    @property
    def cpu_us(self) -> float | None:
        """Microseconds of the shop's CPU for each unit of work; None where it is not known."""
        return sum(self.cpu_seconds.values()) / self.served * 1e6 if self.cpu_seconds and self.served else None


@dataclass(frozen=True)
class Course:
    """How many rounds, how long each.

    `audit_each`: after every round; else once for each shop, when its rounds are over, and then for all of them.
    `side_by_side`: all shops at once, and their rounds alternate.
    """

    rounds: int = 5
    seconds: float = 10.0
    warm_seconds: float = WARM_SECONDS
    audit_each: bool = True
    side_by_side: bool = False


async def measure(
    cases: Sequence[Case], wanted: Wanted, course: Course, tell: Tell | None = None
) -> dict[str, list[Round]]:
    """By the case's name. Cases of one shop alternate, round by round; one shop after the other, or all at once.

    `tell` hears how far it is, of as many rounds as `steps` says.

    Raises CannotMeasure, LocalError, OSError, asyncpg.PostgresError.
    """
    found: dict[str, list[Round]] = {case.name: [] for case in cases}
    shops = _by_shop(cases)
    _refuse_others(shops, wanted)
    async with telling(tell) as way:
        for together in [shops] if course.side_by_side else [[each] for each in shops]:
            async with AsyncExitStack() as stack:
                way.now("opening a shop")
                stalls = [stall for shop in together for stall in await _prepared(shop, wanted, stack)]
                for stall in stalls:
                    way.now(f"{stall.case.name}: warming up")
                    await _warm_up(stall, course.warm_seconds)
                for _ in range(course.rounds):
                    for stall in stalls:
                        found[stall.case.name].append(await _round(stall, course, way))
                        way.rounds_done += 1
                if not course.audit_each:
                    way.now("audit")
                    await _audit_at_the_end(stalls, found)
                way.now("closing the shop")
        way.now("done")
    return found


def _refuse_others(shops: Sequence[tuple[Mapping[str, str], list[Case]]], wanted: Wanted) -> None:
    """Before anything is measured in vain."""
    others = [case.name for settings, cases in shops if settings for case in cases]
    if others and not wanted.is_own:
        names = ", ".join(others)
        raise CannotMeasure(f"only without --data and --url, for it takes a shop with other settings: {names}")


def steps(cases: Sequence[Case], course: Course) -> int:
    return len(cases) * course.rounds


@dataclass(frozen=True)
class _Stall:
    """A case in its shop, ready to be measured."""

    case: Case
    subject: Subject
    books: Books | None
    ready: Ready


def _by_shop(cases: Sequence[Case]) -> list[tuple[Mapping[str, str], list[Case]]]:
    """Settings and cases of each shop."""
    shops: dict[tuple[str, tuple[tuple[str, str], ...]], list[Case]] = {}
    for case in cases:
        shops.setdefault((case.shop, tuple(sorted(case.workload.settings.items()))), []).append(case)
    return [(dict(settings), group) for (_, settings), group in shops.items()]


async def _prepared(shop: tuple[Mapping[str, str], list[Case]], wanted: Wanted, stack: AsyncExitStack) -> list[_Stall]:
    settings, cases = shop
    subject = await stack.enter_async_context(opened(wanted, settings))
    books = await stack.enter_async_context(settling.opened(subject.dsns())) if subject.shop else None
    return [_Stall(case, subject, books, await case.workload.prepare(subject)) for case in cases]


async def _warm_up(stall: _Stall, seconds: float) -> None:
    await stall.ready.before()
    mark = await stall.books.mark() if stall.books else 0
    await stall.ready.load(seconds)
    if stall.books:
        await stall.books.settled(mark)


async def _round(stall: _Stall, course: Course, way: Way) -> Round:
    subject, books, ready, name = stall.subject, stall.books, stall.ready, stall.case.name
    way.now(name)
    await ready.before()
    mark = await books.mark() if books else 0
    before = await front_answers.answers(subject)
    meter = Meter(subject.shop, subject.beside) if subject.shop else None
    memory = asyncio.create_task(_memory(meter, course.seconds * MEMORY_AT))
    way.now(name, until=OF_LOAD, seconds=course.seconds)
    try:
        seen = await ready.load(course.seconds)
        taken = memory.result() if memory.done() else await _memory(meter, 0.0)
    finally:
        memory.cancel()
    way.now(f"{name}: settling", SETTLING)
    settled = await books.settled(mark) if books else 0.0
    usage = meter.read(seen.cpu_seconds) if meter else Usage({}, 0.0)
    await ready.after()
    answered = front_answers.between(before, await front_answers.answers(subject), *stall.case.workload.route)
    statuses = answered if subject.shop else seen.statuses or {}
    facts = Facts(statuses, await books.counts(mark) if books else None, round(settled, 3))
    outcome = ready.judge(seen, facts)
    way.now(f"{name}: audit", AUDITING)
    violations = (*outcome.violations, *(await _audited(subject) if course.audit_each else ()))
    return Round(
        rate=None if violations else round(outcome.done / seen.seconds, 1),
        done=outcome.done,
        served=outcome.served,
        refused=seen.refused if outcome.refused is None else outcome.refused,
        seen=seen,
        facts=facts,
        more=outcome.more,
        violations=violations,
        cpu_seconds=_of(subject, ready, usage.cpu_seconds),
        memory_mib=_of(subject, ready, taken),
        elsewhere=usage.elsewhere if meter else None,
        load_average=round(os.getloadavg()[0], 2),
    )


async def _audit_at_the_end(stalls: Sequence[_Stall], found: dict[str, list[Round]]) -> None:
    """Of each shop, for all the rounds that were in it."""
    broken: dict[str, tuple[str, ...]] = {}
    for stall in stalls:
        address = stall.subject.address
        if address not in broken:
            broken[address] = tuple(await _audited(stall.subject))
        if broken[address]:
            found[stall.case.name] = [_voided(each, broken[address]) for each in found[stall.case.name]]


def _voided(each: Round, broken: tuple[str, ...]) -> Round:
    return msgspec.structs.replace(each, rate=None, violations=(*each.violations, *broken))


def _of(subject: Subject, ready: Ready, by_service: Mapping[str, float]) -> dict[str, float]:
    """What is the workload's own cost."""
    return {
        name: value
        for name, value in by_service.items()
        if (name not in subject.beside if ready.services is None else name in ready.services)
    }


async def _memory(meter: Meter | None, after: float) -> Mapping[str, float]:
    await asyncio.sleep(after)
    return meter.memory_mib() if meter else {}


async def _audited(subject: Subject) -> list[str]:
    """What is broken, a line each."""
    if subject.shop is None:
        return []
    findings = await audit(subject.dsns(), live=True)
    return [f"{each.name}: {', '.join(each.rows[:3]) or each.broken}" for each in findings if each.broken]
