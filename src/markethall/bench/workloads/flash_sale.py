"""A flash sale: many buyers ask at the same instant for what there is too little of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markethall.bench.case import Facts, Outcome, Ready
from markethall.bench.goods import stock
from markethall.bench.load import steady
from markethall.bench.load.requests import Request, request
from markethall.bench.load.seen import Seen, percentiles_ms
from markethall.bench.subject import Subject

WAIT_SECONDS = 20
WON, LOST = 201, 409

Answers = Sequence[tuple[int, float]]
"""Status and latency (ms) of each buyer, in the order in which they asked."""


@dataclass(frozen=True)
class FlashSale:
    """`buyers` for `units`, one each. Every round has goods of its own."""

    buyers: int = 1000
    units: int = 100
    unit: str = "buyers answered"
    route: tuple[str, str] = ("POST", "/api/orders")

    @property
    def settings(self) -> Mapping[str, str]:
        return {}

    async def prepare(self, subject: Subject) -> Ready:
        requests: list[Request] = []
        told: list[tuple[int, float]] = []

        async def before() -> None:
            goods = await stock(subject, 1, units=self.units)
            requests[:] = [
                request(
                    "POST",
                    f"{subject.address}/api/orders",
                    headers={"Prefer": f"wait={WAIT_SECONDS}"},
                    body={"lines": [{"sku": goods.skus[0], "quantity": 1}]},
                    keyed=True,
                )
            ]

        async def load(seconds: float) -> Seen:
            seen, answers = await steady.burst(subject.address, requests, buyers=self.buyers)
            told[:] = answers
            return seen

        def judge(seen: Seen, facts: Facts) -> Outcome:
            return self._judge(seen, facts, told)

        return Ready(load, judge, before)

    def _judge(self, seen: Seen, facts: Facts, told: Answers) -> Outcome:
        won = [latency for status, latency in told if status == WON]
        lost = [latency for status, latency in told if status == LOST]
        violations = []
        if len(won) > self.units:
            violations.append(f"{len(won)} were told that they have one of {self.units}")
        if facts.counts is not None and facts.counts.confirmed != min(self.units, facts.counts.placed):
            violations.append(f"{facts.counts.confirmed} of {self.units} were sold to {facts.counts.placed} buyers")
        more = {"sold_out_after_ms": max(won, default=0.0), "fair_percent": fairness(told, self.units)}
        for who, latencies in (("winners", won), ("losers", lost)):
            found = percentiles_ms([latency / 1000 for latency in latencies])
            more |= {f"{who}_{name}_ms": found[name] for name in ("p50", "p99") if found}
        done = len(won) + len(lost)
        return Outcome(done, len(told), refused=len(told) - done, more=more, violations=tuple(violations))


def fairness(told: Answers, units: int) -> float:
    """How many of the winners were among the first to ask, in percent; 100 where there is enough for all.

    Who asked first is known to microseconds only by whoever sent it: connections are read in any order.
    """
    first = min(units, len(told))
    winners = sum(status == WON for status, _ in told)
    if not winners:
        return 0.0
    among_first = sum(status == WON for status, _ in told[:first])
    return round(among_first / min(winners, first) * 100, 1)
