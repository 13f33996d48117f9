"""What an order writes and sends, by the size of its batch: what shops of other sizes are reckoned from.

Batches go to orders as a front sends them, one under way at a time, so their size is known. Bytes do not depend on what
else the machine does; CPU does.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec

from markethall.bench import settling, wording
from markethall.bench.errors import CannotMeasure
from markethall.bench.goods import stock
from markethall.bench.machine import described
from markethall.bench.settling import Books
from markethall.bench.subject import Subject
from markethall.bench.usage import Meter
from markethall.contracts.internal import PLACE_ORDERS_PATH, OrderLine, PlaceOrder, PlaceOrders, PlaceResults
from markethall.local import probe
from markethall.local.folder import read_json
from markethall.local.shop import LocalShop

MAX_BATCH = 500
WARM_ORDERS = 1_000
LEAST_ORDERS = 2_000
STATEMENT_SECONDS = 60.0
QUIET_SECONDS = 14.0
"""A process of PostgreSQL that idles says after 10 s at the latest what it wrote. Sales are counted by then, too."""
DATABASES = ("orders", "inventory")

# PostgreSQL counts what each of its processes writes; those that serve one database are put together here.
WRITTEN = """
SELECT sum(w.wal_bytes)::bigint AS wal, sum(w.wal_fpi)::bigint AS pages, sum(f.fsyncs)::bigint AS fsyncs
FROM pg_stat_activity AS a
CROSS JOIN LATERAL pg_stat_get_backend_wal(a.pid) AS w
CROSS JOIN LATERAL (
    SELECT sum(io.fsyncs) AS fsyncs FROM pg_stat_get_backend_io(a.pid) AS io WHERE io.object = 'wal'
) AS f
WHERE a.datname = current_database() AND a.backend_type = 'client backend'
"""
STORED = """
SELECT sum(pg_table_size(relid))::bigint AS tables, sum(pg_indexes_size(relid))::bigint AS indexes
FROM pg_stat_user_tables
"""


class Taken(msgspec.Struct, frozen=True):
    """By orders of one line each, in batches of one size. By database, and for one order unless said otherwise:

    wal                bytes of the log, images of pages included; `pages`: how many of those
    tables, indexes    bytes by which they grew
    fsyncs             of the log, for a batch

    Of the bus: `messages` that clients sent it for a batch; bytes `said` to it, and `heard` from it, for an order.
    `asked`, `answered`: bodies between front and orders. `cpu`: microseconds by service.
    """

    batch: int
    orders: int
    wal: Mapping[str, float]
    pages: Mapping[str, float]
    tables: Mapping[str, float]
    indexes: Mapping[str, float]
    fsyncs: Mapping[str, float]
    messages: float
    said: float
    heard: float
    asked: float
    answered: float
    cpu: Mapping[str, float]


async def taken(subject: Subject, sizes: Sequence[int], batches: int, skus: int = 1) -> list[Taken]:
    """For each size, so many batches, and `LEAST_ORDERS` at least, of that many SKUs in turn.

    Raises CannotMeasure, LocalError, OSError, asyncpg.PostgresError.
    """
    if subject.shop is None:
        raise CannotMeasure("what is written is asked of the databases: it needs a shop of this machine")
    wanted = (await stock(subject, skus)).skus
    async with _counters(subject, subject.shop) as counters:
        await counters.place(wanted, MAX_BATCH, WARM_ORDERS // MAX_BATCH)
        await asyncio.sleep(QUIET_SECONDS)
        return [await _taken(counters, wanted, size, max(batches, LEAST_ORDERS // size)) for size in sizes]


async def _taken(counters: "_Counters", skus: Sequence[str], size: int, batches: int) -> Taken:
    count = batches * size
    before, meter = await counters.read(), Meter(counters.shop, {})
    asked, answered = await counters.place(skus, size, batches)
    usage = meter.read(0.0)
    await asyncio.sleep(QUIET_SECONDS)
    after = await counters.read()
    grown = {name: after[name] - before[name] for name in after}

    def each(name: str, by: int = count) -> dict[str, float]:
        return {database: round(grown[f"{database} {name}"] / by, 3) for database in DATABASES}

    return Taken(
        batch=size,
        orders=count,
        wal=each("wal"),
        pages=each("pages"),
        tables=each("tables"),
        indexes=each("indexes"),
        fsyncs=each("fsyncs", batches),
        messages=round(grown["in_msgs"] / batches, 2),
        said=round(grown["in_bytes"] / count, 1),
        heard=round(grown["out_bytes"] / count, 1),
        asked=round(asked / count, 1),
        answered=round(answered / count, 1),
        cpu={name: round(seconds / count * 1e6, 1) for name, seconds in usage.cpu_seconds.items()},
    )


@dataclass(frozen=True)
class _Counters:
    """A shop's, as they stand; and who makes them rise."""

    subject: Subject
    shop: LocalShop
    databases: "Mapping[str, asyncpg.Connection[Any]]"
    books: Books
    orders: str
    monitoring: str

    async def read(self) -> dict[str, int]:
        """By database and name, or by the bus's own name."""
        found: dict[str, int] = {}
        for database, connection in self.databases.items():
            for statement in (WRITTEN, STORED):
                row = await connection.fetchrow(statement)
                assert row is not None
                found |= {f"{database} {name}": int(value or 0) for name, value in row.items()}
        answer = await probe.get(self.monitoring)
        if answer is None:
            raise CannotMeasure("the bus does not answer")
        counts = msgspec.json.decode(answer[1])
        return found | {name: counts[name] for name in ("in_msgs", "in_bytes", "out_bytes")}

    async def place(self, skus: Sequence[str], size: int, batches: int) -> tuple[int, int]:
        """New orders, all settled afterwards: bytes of the requests and of the answers."""
        mark, asked, answered = await self.books.mark(), 0, 0
        for first in range(0, batches * size, size):
            lines = [[OrderLine(skus[number % len(skus)], 1)] for number in range(first, first + size)]
            body = msgspec.msgpack.encode(PlaceOrders([PlaceOrder(str(uuid4()), lines=each) for each in lines]))
            async with self.subject.session.post(self.orders + PLACE_ORDERS_PATH, data=body) as answer:
                told = await answer.read()
            if answer.status != 200:
                raise CannotMeasure(f"a batch of orders was answered {answer.status}")
            if any(one.order is None for one in msgspec.msgpack.decode(told, type=PlaceResults).results):
                raise CannotMeasure("an order was refused")
            asked, answered = asked + len(body), answered + len(told)
        await self.books.settled(mark)
        return asked, answered


@asynccontextmanager
async def _counters(subject: Subject, shop: LocalShop) -> AsyncIterator[_Counters]:
    """Of a running shop with one server of the bus."""
    entries = {entry.service: entry.url for entry in shop.folder.read_processes()}
    config = read_json(shop.folder.nats / "nats.conf", dict[str, Any])
    if config is None:
        raise CannotMeasure("the shop's bus is not a single server")
    async with AsyncExitStack() as stack:
        databases: dict[str, asyncpg.Connection[Any]] = {}
        for name in DATABASES:
            connection = await asyncpg.connect(shop.dsn(name), timeout=10, command_timeout=STATEMENT_SECONDS)
            stack.push_async_callback(connection.close, timeout=10)
            databases[name] = connection
        books = await stack.enter_async_context(settling.opened(subject.dsns()))
        yield _Counters(subject, shop, databases, books, entries["orders"], f"http://{config['http']}/varz")


def rows(found: Sequence[Taken]) -> list[tuple[str, list[float]]]:
    """A table: what is told, and its figure for each size."""
    told = [
        (f"{label}, {database}", [getattr(each, name)[database] for each in found])
        for name, label in (
            ("wal", "log, bytes an order"),
            ("pages", "page images in it, an order"),
            ("fsyncs", "fsyncs a batch"),
            ("tables", "tables grow, bytes an order"),
            ("indexes", "indexes grow, bytes an order"),
        )
        for database in DATABASES
    ]
    told += [
        (label, [getattr(each, name) for each in found])
        for name, label in (
            ("messages", "messages to the bus, a batch"),
            ("said", "bus, bytes in, an order"),
            ("heard", "bus, bytes out, an order"),
            ("asked", "front to orders, bytes an order"),
            ("answered", "orders to front, bytes an order"),
        )
    ]
    return told + [
        (f"CPU µs an order, {service}", [each.cpu.get(service, 0.0) for each in found])
        for service in ("orders", "inventory", "postgres", "nats")
    ]


def as_document(found: Sequence[Taken]) -> str:
    """JSON, with where it was measured."""
    told = {"bench": "bytes", "machine": described(), "rows": found}
    return msgspec.json.format(msgspec.json.encode(told), indent=1).decode()


def as_markdown(found: Sequence[Taken]) -> str:
    """A table for a page."""
    head = ["batch of", *(str(each.batch) for each in found)]
    lines = [wording.row([name, *map(wording.number, values)]) for name, values in rows(found)]
    rule = "|---|" + "---:|" * len(found)
    return "\n".join([wording.row(head), rule, *lines, "", wording.where(described()), ""])
