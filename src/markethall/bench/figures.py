"""Medians of rounds, with their least and greatest."""

from collections.abc import Callable, Iterable, Mapping, Sequence
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
    ratio         the rate of the case that this one is compared with, as a multiple of this one's
    cpu_ratio     this one's CPU for each, as a multiple of that one's
    times_usual   this one's rate as a multiple of the usual design's
    cpu_times_usual  the usual design's CPU for each as a multiple of this one's
    of_floor      this one's rate as a share of that of its slowest floor
    cpu_of_floor  the CPU for each of all its floors together, as a share of this one's
    late_ms       p99 of how late the generator was, where requests are due by the clock; latencies hold it
    refused, broken   answers of status 400 and above that should have been others; requests without an answer
    """

    name: str
    unit: str
    figures: Mapping[str, Figure]
    cpu_us_by_service: Mapping[str, float]
    violations: tuple[str, ...]
    rounds: Sequence[Round]


def summary(case: Case, found: Mapping[str, Sequence[Round]]) -> Summary:
    """`found`: the rounds of all cases, by name."""
    rounds = found[case.name]
    violations = tuple(dict.fromkeys(line for each in rounds for line in each.violations))
    figures = {} if violations or not rounds else _figures(rounds)
    if figures:
        figures |= _multiples(case, found)
    return Summary(case.name, case.workload.unit, figures, _by_service(rounds), violations, rounds)


def _figures(rounds: Sequence[Round]) -> dict[str, Figure]:
    columns: dict[str, list[float]] = {}
    for each in rounds:
        for name, value in _of(each).items():
            columns.setdefault(name, []).append(value)
    return {name: _figure(values) for name, values in columns.items()}


def _figure(values: Sequence[float]) -> Figure:
    return Figure(round(median(values), 3), round(min(values), 3), round(max(values), 3))


def _multiples(case: Case, found: Mapping[str, Sequence[Round]]) -> dict[str, Figure]:
    """Of rounds that followed each other: what the machine did then struck both. None where a round lacks a figure."""
    rates = {name: [each.rate for each in rounds] for name, rounds in found.items()}
    cpu = {name: [each.cpu_us for each in rounds] for name, rounds in found.items()}
    columns: dict[str, list[float]] = {}
    if case.compared:
        columns["ratio"] = _ratios(rates[case.compared], rates[case.name])
        columns["cpu_ratio"] = _ratios(cpu[case.name], cpu[case.compared])
    if case.usual:
        columns["times_usual"] = _ratios(rates[case.name], rates[case.usual])
        columns["cpu_times_usual"] = _ratios(cpu[case.usual], cpu[case.name])
    if case.floors:
        slowest = [_all(min, parts) for parts in zip(*(rates[name] for name in case.floors), strict=True)]
        together = [_all(sum, parts) for parts in zip(*(cpu[name] for name in case.floors), strict=True)]
        columns["of_floor"] = _ratios(rates[case.name], slowest)
        columns["cpu_of_floor"] = _ratios(together, cpu[case.name])
    return {name: _figure(values) for name, values in columns.items() if values}


def _ratios(ones: Sequence[float | None], others: Sequence[float | None]) -> list[float]:
    return [one / other for one, other in zip(ones, others, strict=True) if one and other]


def _all(of: Callable[[Iterable[float]], float], parts: Sequence[float | None]) -> float | None:
    known = [part for part in parts if part]
    return of(known) if len(known) == len(parts) else None


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
