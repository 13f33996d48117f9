"""The same orders and reads by the usual design (`markethall.bench.peers.usual`), on the same database server."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

import asyncpg
import msgspec

from markethall.bench.case import Facts, Outcome, Ready
from markethall.bench.errors import NotSettled
from markethall.bench.load.pace import SOME, Pace
from markethall.bench.load.requests import Request, request
from markethall.bench.load.seen import Seen
from markethall.bench.peers import usual
from markethall.bench.peers.running import database_beside, serve_beside
from markethall.bench.subject import Peer, Subject
from markethall.bench.workloads.orders import Orders

PLENTY = 10**12
PRICE = 1599
SETTLE_SECONDS = 60.0
LOOK_SECONDS = 0.2
NOT_THE_FRONTS = ("", "")

COUNTS = """
SELECT (SELECT count(*) FROM orders) AS orders,
    (SELECT coalesce(sum(quantity), 0) FROM order_lines)::bigint AS sold,
    (SELECT sum($1::numeric - on_hand) FROM stock)::bigint AS taken
"""


class Counts(msgspec.Struct, frozen=True):
    """Orders there are; units on their lines; units that left the stock."""

    orders: int
    sold: int
    taken: int


@dataclass(frozen=True)
class UsualOrders:
    """What `orders` sends, sent there."""

    orders: Orders
    unit: str = "orders"
    route: tuple[str, str] = NOT_THE_FRONTS

    @property
    def settings(self) -> Mapping[str, str]:
        return self.orders.settings

    async def prepare(self, subject: Subject) -> Ready:
        skus = [f"USUAL-{number}" for number in range(self.orders.skus)]
        name = "usual orders" if len(skus) == 1 else f"usual orders of {len(skus):,} SKUs"
        peer = await _started(subject, name, skus)
        requests = self.orders.requests(peer.address, skus)
        counts: list[Counts] = []

        async def before() -> None:
            counts[:] = [await _counts(peer.dsn)]

        async def load(seconds: float) -> Seen:
            seen = await self.orders.pace.load(subject, requests, seconds, peer.address)
            counts.append(await _settled(peer.dsn))
            return seen

        def judge(seen: Seen, facts: Facts) -> Outcome:
            made = counts[-1].orders - counts[0].orders
            told = seen.answers - seen.refused
            violations = []
            if made < told:
                violations.append(f"{told} orders were acknowledged, the database has {made}")
            if counts[-1].sold != counts[-1].taken:
                violations.append(f"{counts[-1].sold} units were sold, {counts[-1].taken} left the stock")
            return Outcome(told, made, violations=tuple(violations))

        return Ready(load, judge, before, frozenset({"postgres", name}))


@dataclass(frozen=True)
class UsualReads:
    """A product, read from the database each time."""

    pace: Pace = SOME
    products: int = 100
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of the shop beside which it is measured."""
    unit: str = "reads"
    route: tuple[str, str] = NOT_THE_FRONTS

    async def prepare(self, subject: Subject) -> Ready:
        skus = [f"USUAL-{number}" for number in range(self.products)]
        address = (await _started(subject, "usual reads", skus)).address
        requests: list[Request] = [request("GET", f"{address}/api/products/{sku}") for sku in skus]

        async def load(seconds: float) -> Seen:
            return await self.pace.load(subject, requests, seconds, address)

        def judge(seen: Seen, facts: Facts) -> Outcome:
            done = seen.answers - seen.refused
            return Outcome(done, done)

        return Ready(load, judge, services=frozenset({"postgres", "usual reads"}))


async def _started(subject: Subject, name: str, skus: Sequence[str]) -> Peer:
    """One with a database of its own, in which there is plenty of each; or that which runs by this name."""
    if name in subject.peers:
        return subject.peers[name]
    dsn = await database_beside(subject)
    connection = await asyncpg.connect(dsn, timeout=10, command_timeout=60)
    try:
        await connection.execute(usual.TABLES)
        rows = [(sku, f"A thing of use, number {sku}", PRICE, PLENTY) for sku in skus]
        await connection.copy_records_to_table("stock", records=rows)
    finally:
        await connection.close(timeout=10)
    address = await serve_beside(subject, "usual", name, os.environ | {"MARKETHALL_BENCH_DSN": dsn})
    subject.peers[name] = Peer(address, dsn)
    return subject.peers[name]


async def _counts(dsn: str) -> Counts:
    connection = await asyncpg.connect(dsn, timeout=10, command_timeout=60)
    try:
        row = await connection.fetchrow(COUNTS, PLENTY)
        assert row is not None
        return Counts(**dict(row))
    finally:
        await connection.close(timeout=10)


async def _settled(dsn: str) -> Counts:
    """Once nothing changes any more: what was under way at the end of the load goes on. Raises NotSettled."""
    deadline = monotonic() + SETTLE_SECONDS
    found = await _counts(dsn)
    while monotonic() < deadline:
        await asyncio.sleep(LOOK_SECONDS)
        before, found = found, await _counts(dsn)
        if before == found:
            return found
    raise NotSettled("the usual design still has orders under way")
