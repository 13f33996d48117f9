"""How fast requests come: as fast as they are answered (closed loop), or by the clock (open loop)."""

from collections.abc import Sequence
from dataclasses import dataclass

from markethall.bench.load import steady, wrk
from markethall.bench.load.requests import Request
from markethall.bench.load.seen import Seen
from markethall.bench.subject import Subject


@dataclass(frozen=True)
class Pace:
    """With a `rate` (a second), `connections` is how many may be open; without, each sends when it was answered."""

    connections: int = 64
    rate: float = 0.0
    threads: int = 1

    def __str__(self) -> str:
        if self.rate:
            return f"{self.rate:,.0f} a second"
        return "1 connection" if self.connections == 1 else f"{self.connections} connections"

    async def load(
        self, subject: Subject, requests: Sequence[Request], seconds: float, address: str | None = None
    ) -> Seen:
        """At the shop, or at `address`. Raises CannotMeasure."""
        at = address or subject.address
        if self.rate:
            return await steady.run(at, requests, rate=self.rate, seconds=seconds, connections=self.connections)
        return await wrk.run(
            at,
            requests,
            connections=self.connections,
            seconds=seconds,
            threads=self.threads,
            count_statuses=subject.shop is None,
        )


FEW = Pace(8)
SOME = Pace(64)
MANY = Pace(256)
