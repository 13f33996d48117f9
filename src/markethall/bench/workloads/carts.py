"""Lines of carts set, by people who are signed in; each has a cart, and few set two lines at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic

from markethall.bench.case import Facts, Outcome, Ready
from markethall.bench.goods import stock
from markethall.bench.load.pace import SOME, Pace
from markethall.bench.load.requests import Request, request
from markethall.bench.load.seen import Seen
from markethall.bench.people import registered, signed_in
from markethall.bench.subject import Subject

SKUS = 8
FRESH_SECONDS = 600.0
"""Then all sign in again: a token is good for 900 s."""


@dataclass(frozen=True)
class Carts:
    """`people` set one line after the other, in turn."""

    pace: Pace = SOME
    people: int = 64
    unit: str = "lines set"
    route: tuple[str, str] = ("PUT", "/api/carts/…")

    @property
    def settings(self) -> Mapping[str, str]:
        return {}

    async def prepare(self, subject: Subject) -> Ready:
        goods = await stock(subject, SKUS)
        people = await registered(subject, self.people)
        requests: list[Request] = []
        made = float("-inf")

        async def before() -> None:
            nonlocal made
            if monotonic() - made < FRESH_SECONDS:
                return
            tokens = await signed_in(subject, people)
            carts = [(await subject.call("POST", "/api/carts", token=token))["id"] for token in tokens]
            requests[:] = [
                request(
                    "PUT",
                    f"{subject.address}/api/carts/{cart}/lines/{sku}",
                    headers={"Authorization": f"Bearer {token}"},
                    body={"quantity": 1 + (number + turn) % 9},
                )
                for turn in range(9)
                for number, sku in enumerate(goods.skus)
                for cart, token in zip(carts, tokens, strict=True)
            ]
            made = monotonic()

        async def load(seconds: float) -> Seen:
            return await self.pace.load(subject, requests, seconds)

        return Ready(load, _judge, before)


def _judge(seen: Seen, facts: Facts) -> Outcome:
    done = seen.answers - seen.refused
    strange = {status: count for status, count in facts.statuses.items() if status != "200"}
    violations = tuple(f"{count} answers of status {status}" for status, count in strange.items())
    return Outcome(done, max(done, facts.statuses.get("200", 0)), violations=violations)
