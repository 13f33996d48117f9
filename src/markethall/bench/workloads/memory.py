"""The floor of HTTP: what the stack answers when there is nothing to do (`markethall.bench.peers.memory`)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from markethall.bench.case import Facts, Outcome, Ready
from markethall.bench.load.pace import SOME, Pace
from markethall.bench.load.requests import request
from markethall.bench.load.seen import Seen
from markethall.bench.peers.running import serve_beside
from markethall.bench.subject import Peer, Subject


@dataclass(frozen=True)
class FromMemory:
    """An order's request and an answer of an order's size, or a read."""

    method: str = "GET"
    pace: Pace = SOME
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of the shop beside which it is measured."""
    unit: str = "answers"
    route: tuple[str, str] = ("", "")

    async def prepare(self, subject: Subject) -> Ready:
        name = f"memory, {self.method}"
        if name not in subject.peers:
            subject.peers[name] = Peer(await serve_beside(subject, "memory", name, os.environ))
        address = subject.peers[name].address
        body = {"lines": [{"sku": "MEMORY", "quantity": 1}]} if self.method == "POST" else None
        keyed = self.method == "POST"
        requests = [request(self.method, f"{address}/api/orders", body=body, keyed=keyed)]

        async def load(seconds: float) -> Seen:
            return await self.pace.load(subject, requests, seconds, address)

        def judge(seen: Seen, facts: Facts) -> Outcome:
            done = seen.answers - seen.refused
            return Outcome(done, done)

        return Ready(load, judge, services=frozenset({name}))
