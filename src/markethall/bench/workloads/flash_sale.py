"""A flash sale: many buyers ask at the same instant for what there is too little of."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markethall.bench.case import Facts, Outcome, Ready
from markethall.bench.goods import stock
from markethall.bench.load import steady
from markethall.bench.load.requests import Request, request
from markethall.bench.load.seen import Answer, Seen, percentiles_ms
from markethall.bench.subject import Subject

WAIT_SECONDS = 20
WON, LOST = 201, 409


@dataclass(frozen=True)
class FlashSale:
    """`buyers` for `units`, one each. Every round has goods of its own.

    `oversold_units`: sold beyond what there was, by the database where it is at hand, else by what buyers were told.
    """

    buyers: int = 1000
    units: int = 100
    unit: str = "buyers answered"
    route: tuple[str, str] = ("POST", "/api/orders")

    @property
    def settings(self) -> Mapping[str, str]:
        return {}

    async def prepare(self, subject: Subject) -> Ready:
        requests: list[Request] = []
        told: list[Answer] = []

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

    def _judge(self, seen: Seen, facts: Facts, told: Sequence[Answer]) -> Outcome:
        won = [each for each in told if each.status == WON]
        lost = [each for each in told if each.status == LOST]
        sold = facts.counts.confirmed if facts.counts else len(won)
        oversold = max(0, sold - self.units)
        violations = []
        if oversold:
            violations.append(f"{sold} of {self.units} were sold")
        if facts.counts and sold < min(self.units, facts.counts.placed):
            violations.append(f"{sold} of {self.units} were sold to {facts.counts.placed} buyers")
        if len(won) > sold:
            violations.append(f"{len(won)} were told that they have one, {sold} are confirmed")
        more = {
            "oversold_units": float(oversold),
            "sold_out_after_ms": max((each.latency_ms for each in won), default=0.0),
        }
        asked_by_winners, asked_by_losers = ([each.sent_ms for each in group] for group in (won, lost))
        if won and lost:
            more["fair_percent"] = fair_percent(asked_by_winners, asked_by_losers)
            more["overtaken_ms"] = overtaken_ms(asked_by_winners, asked_by_losers)
        for who, group in (("winners", won), ("losers", lost)):
            found = percentiles_ms([each.latency_ms / 1000 for each in group])
            more |= {f"{who}_{name}_ms": found[name] for name in ("p50", "p99") if found}
        done = len(won) + len(lost)
        return Outcome(done, len(told), refused=len(told) - done, more=more, violations=tuple(violations))


def fair_percent(winners: Sequence[float], losers: Sequence[float]) -> float:
    """Of all pairs of a winner and a loser, those in which the winner had asked first: 100 is strictly by arrival,
    50 what a lottery would give. Mann and Whitney's U as a share of all pairs; a tie is half a pair.

    Both are told by when they asked. How many winners were among the first to ask would say less: where one batch of a
    hundred passes another it falls from 100 to 0, and this to 89.
    """
    ordered = sorted(losers)
    later = sum(len(ordered) - (bisect_left(ordered, at) + bisect_right(ordered, at)) / 2 for at in winners)
    return round(later / (len(winners) * len(losers)) * 100, 1)


def overtaken_ms(winners: Sequence[float], losers: Sequence[float]) -> float:
    """How long after the first who lost the last who won had asked; 0 where nobody was passed over."""
    return round(max(0.0, max(winners) - min(losers)), 3)
