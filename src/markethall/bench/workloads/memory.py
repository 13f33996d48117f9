"""The floor of HTTP: what the stack answers when there is nothing to do (`markethall.bench.peers.memory`)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from markethall.bench.case import Facts, Outcome, Ready
from markethall.bench.load.pace import SOME, Pace
from markethall.bench.load.requests import request
from markethall.bench.load.seen import Seen
from markethall.bench.peers.running import serve_beside
from markethall.bench.subject import Subject


@dataclass(frozen=True)
class FromMemory:
    """An order's request and an answer of an order's size, or a read."""

    method: str = "GET"
    pace: Pace = SOME
    unit: str = "answers"
    route: tuple[str, str] = ("", "")

    @property
    def settings(self) -> Mapping[str, str]:
        return {}

    async def prepare(self, subject: Subject) -> Ready:
        name = f"memory, {self.method}"
        address = await serve_beside(subject, "memory", name, os.environ)
        body = {"lines": [{"sku": "MEMORY", "quantity": 1}]} if self.method == "POST" else None
        keyed = self.method == "POST"
        requests = [request(self.method, f"{address}/api/orders", body=body, keyed=keyed)]

        async def load(seconds: float) -> Seen:
            return await self.pace.load(subject, requests, seconds, address)

        def judge(seen: Seen, facts: Facts) -> Outcome:
            done = seen.answers - seen.refused
            return Outcome(done, done)

        return Ready(load, judge, services=frozenset({name}))
