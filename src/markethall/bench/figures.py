"""Medians of rounds, with their least and greatest."""

from collections.abc import Mapping, Sequence
from statistics import median

import msgspec

from markethall.bench.case import Case
from markethall.bench.rounds import Round


class Figure(msgspec.Struct, frozen=True):
    median: float
    least: float
    most: float


class Summary(msgspec.Struct, frozen=True):
    """What the rounds of a case came to. `figures` is empty where any round had a violation.

    rate          units of work per second
    p50_ms …      latency, as whoever made the load saw it
    cpu_us        the shop's CPU for each unit of work, all processes, microseconds
    load_cpu_us   the load generator's
    memory_mib    PSS of all processes under load
    elsewhere     cores that others on the machine took meanwhile
    late_ms       p99 of how late the generator was, where requests are due by the clock; latencies hold it
    refused, broken   answers of status 400 and above that should have been others; requests without an answer
    """

    name: str
    unit: str
    figures: Mapping[str, Figure]
    cpu_us_by_service: Mapping[str, float]
    violations: tuple[str, ...]
    rounds: Sequence[Round]


def summary(case: Case, rounds: Sequence[Round]) -> Summary:
    violations = tuple(dict.fromkeys(line for each in rounds for line in each.violations))
    figures = {} if violations or not rounds else _figures(rounds)
    return Summary(case.name, case.workload.unit, figures, _by_service(rounds), violations, rounds)


def _figures(rounds: Sequence[Round]) -> dict[str, Figure]:
    columns: dict[str, list[float]] = {}
    for each in rounds:
        for name, value in _of(each).items():
            columns.setdefault(name, []).append(value)
    return {
        name: Figure(round(median(values), 3), round(min(values), 3), round(max(values), 3))
        for name, values in columns.items()
    }


def _of(each: Round) -> dict[str, float]:
    assert each.rate is not None
    found = {"rate": each.rate}
    found |= {f"{name}_ms": value for name, value in each.seen.latencies_ms.items()}
    if each.cpu_us is not None:
        found["cpu_us"] = each.cpu_us
    if each.seen.answers:
        found["load_cpu_us"] = each.seen.cpu_seconds / each.seen.answers * 1e6
    if each.memory_mib:
        found["memory_mib"] = sum(each.memory_mib.values())
    if each.elsewhere is not None:
        found["elsewhere"] = each.elsewhere
    if each.seen.late_ms is not None:
        found["late_ms"] = each.seen.late_ms
    return found | {"refused": each.refused, "broken": each.seen.broken} | dict(each.more)


def _by_service(rounds: Sequence[Round]) -> dict[str, float]:
    """Medians of CPU, microseconds a unit of work."""
    columns: dict[str, list[float]] = {}
    for each in rounds:
        for name, seconds in each.cpu_seconds.items():
            columns.setdefault(name, []).append(seconds / each.served * 1e6 if each.served else 0.0)
    return {name: round(median(values), 2) for name, values in sorted(columns.items())}
