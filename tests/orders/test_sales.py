"""The sums of sales are what the orders say, whatever comes twice, late, or from a replica of the former release."""

import random
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from markethall.contracts.messages import Shortage
from markethall.kit.db import Database
from markethall.kit.migrations import migrate
from markethall.kit.settings import Settings
from markethall.orders.app import MIGRATIONS
from markethall.orders.fulfilment.repository import Outcome, ask_cancel, lock, settle
from markethall.orders.sales import counting, repository
from markethall.orders.sales.counting import SalesCounter, count_some
from markethall.orders.sales.periods import MAX_POINTS, split, starts, whole_hours
from tests.orders.conftest import Hall
from tests.support.machine import Machine

SKUS = ["A", "B", "C"]
BEGIN = datetime(2026, 3, 28, 20, tzinfo=UTC)
MOMENTS = st.integers(1_700_000_000, 1_800_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@pytest.fixture
async def database(machine: Machine) -> AsyncIterator[Database]:
    settings = Settings(service="orders", database_url=await machine.new_database("orders"))
    await migrate(settings, MIGRATIONS)
    async with Database(settings) as database:
        yield database


async def place(database: Database, at: datetime, lines: dict[str, int]) -> uuid.UUID:
    order_id = uuid.uuid4()
    stored = [
        {"sku": sku, "name": sku, "options": {}, "quantity": quantity, "unit_price": 100 + len(sku)}
        for sku, quantity in lines.items()
    ]
    async with database.hot() as connection:
        await connection.execute(
            "INSERT INTO orders (id, number, fingerprint, currency, lines, total, placed_at) "
            "VALUES ($1, nextval('order_numbers'), '', 'EUR', $2, $3, $4)",
            order_id,
            msgspec.json.encode(stored).decode(),
            sum(line["quantity"] * line["unit_price"] for line in stored),  # type: ignore[operator]
            at,
        )
    return order_id


async def decide(database: Database, order_id: uuid.UUID, reserved: bool, short: str | None = None) -> None:
    shortages = [Shortage(short, 7, 0)] if short else []
    async with database.hot() as connection:
        await settle(connection, {order_id: Outcome(reserved, datetime.now(UTC), shortages)})


async def cancel(database: Database, order_id: uuid.UUID) -> None:
    async with database.hot() as connection:
        order = await lock(connection, order_id)
        assert order is not None
        if order.status in ("pending", "confirmed"):
            await ask_cancel(connection, order_id)


async def count(database: Database) -> None:
    async with database.hot() as connection:
        await count_some(connection, ripe_seconds=0)


async def sums(database: Database) -> tuple[dict[Any, Any], dict[Any, Any], dict[Any, Any]]:
    """Quarters, hours and days, without what is zero."""
    found = []
    for table, keys in (("sales_quarters", 1), ("sku_hours", 2), ("sku_days", 2)):
        async with database.hot() as connection:
            rows = [tuple(row) for row in await connection.fetch(f"SELECT * FROM {table}")]
        found.append({row[:keys]: row[keys : keys + 6 if keys == 1 else 7] for row in rows})
    quarters, hours, days = ({k: v for k, v in one.items() if any(v)} for one in found)
    return quarters, hours, days


async def expected(database: Database) -> tuple[dict[Any, Any], dict[Any, Any], dict[Any, Any]]:
    """The same, from the orders themselves, without any of the statements under test."""
    quarters: dict[Any, list[int]] = defaultdict(lambda: [0] * 6)
    hours: dict[Any, list[int]] = defaultdict(lambda: [0] * 5)
    days: dict[Any, list[int]] = defaultdict(lambda: [0] * 5)
    async with database.hot() as connection:
        rows = await connection.fetch("SELECT * FROM orders")
    for row in rows:
        at = row["placed_at"].astimezone(UTC)
        hour = at.replace(minute=0, second=0, microsecond=0)
        lines = msgspec.json.decode(row["lines"])
        cancelled, rejected, reserved = row["cancel_asked_at"], row["rejected_at"], row["reserved_at"]
        if not (cancelled or rejected or reserved):
            continue
        sold = int(bool(reserved and not cancelled))
        short = int(bool(rejected and not cancelled))
        units = sum(line["quantity"] for line in lines)
        added = [1, sold, sold * units, sold * row["total"], short, int(bool(cancelled))]
        quarter = quarters[(hour + timedelta(minutes=at.minute // 15 * 15),)]
        quarter[:] = [one + more for one, more in zip(quarter, added, strict=True)]
        moved = {line["sku"]: [sold, sold * line["quantity"], sold * line["quantity"] * line["unit_price"], 0, 0]
                 for line in lines}  # fmt: skip
        for shortage in msgspec.json.decode(row["shortages"]) if row["shortages"] and short else []:
            moved[shortage["sku"]][3:] = [1, shortage["requested"]]
        for sku, more in moved.items():
            for table, start in ((hours, hour), (days, hour.replace(hour=0))):
                table[start, sku] = [one + another for one, another in zip(table[start, sku], more, strict=True)]
    return tuple({k: tuple(v) for k, v in one.items() if any(v)} for one in (quarters, hours, days))  # type: ignore[return-value]


async def test_the_sums_are_those_of_the_orders_at_every_point(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "CHUNK_ORDERS", 7)
    chance = random.Random(5)
    orders: list[uuid.UUID] = []
    for step in range(400):
        match chance.randrange(5):
            case 0 | 1:
                lines = {sku: chance.randrange(1, 5) for sku in chance.sample(SKUS, chance.randrange(1, 4))}
                orders.append(await place(database, BEGIN + timedelta(minutes=step), lines))
                # `short` has to be one of its lines.
                if chance.random() < 0.3:
                    await decide(database, orders[-1], False, next(iter(lines)))
            case 2 if orders:
                await decide(database, chance.choice(orders), True)
            case 3 if orders:
                await cancel(database, chance.choice(orders))
            case _:
                await count(database)
        if step % 100 == 99:
            # Now and again until all is counted: once more changes nothing.
            for _ in range(len(orders) // 7 + 3):
                await count(database)
            assert await sums(database) == await expected(database)
    quarters, hours, _ = await expected(database)
    assert len(quarters) > 10
    assert any(values[3] for values in hours.values())


async def test_counting_that_breaks_off_is_done_anew_and_once(database: Database) -> None:
    for minute in range(5):
        await decide(database, await place(database, BEGIN + timedelta(minutes=minute), {"A": 2}), True)

    async def break_off() -> None:
        async with database.hot() as connection:
            await count_some(connection, ripe_seconds=0)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await break_off()
    assert await sums(database) == ({}, {}, {})
    await count(database)
    assert await sums(database) == await expected(database)


async def test_an_order_that_stays_open_holds_up_no_other(database: Database) -> None:
    await place(database, BEGIN, {"A": 1})
    await decide(database, await place(database, BEGIN, {"B": 1}), True)
    await count(database)
    assert await sums(database) == await expected(database)
    assert {sku for _, sku in (await sums(database))[1]} == {"B"}


async def test_two_replicas_do_not_count_at_once(database: Database) -> None:
    await decide(database, await place(database, BEGIN, {"A": 1}), True)
    async with database.hot() as connection:
        assert await connection.fetchval(counting.LOCK)
        await SalesCounter(database).look()
        assert await sums(database) == ({}, {}, {})
    await SalesCounter(database).look()
    assert await sums(database) == await expected(database)


async def test_counting_reads_no_table_from_end_to_end(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for minute in range(30):
        order = await place(database, BEGIN + timedelta(minutes=minute), {"A": 2, "B": 1})
        await decide(database, order, True)
    monkeypatch.setattr(counting, "CHUNK_ORDERS", 5)
    for _ in range(8):
        await count(database)
    async with database.hot() as connection:
        await connection.execute("SELECT pg_stat_force_next_flush()")
    async with database.hot() as connection:
        read = await connection.fetchval("SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'orders'")
    expected_rows = await expected(database)
    assert read == 0
    assert await sums(database) == expected_rows


async def test_best_sellers_are_the_sums_of_their_hours_wherever_the_period_is_cut(database: Database) -> None:
    chance = random.Random(6)
    for _ in range(60):
        at = BEGIN + timedelta(minutes=chance.randrange(6 * 24 * 60))
        lines = {sku: chance.randrange(1, 5) for sku in chance.sample(SKUS, 2)}
        order = await place(database, at, lines)
        await decide(database, order, chance.random() < 0.7, next(iter(lines)))
    for _ in range(20):
        await count(database)
    _, hours, _ = await expected(database)
    for _ in range(30):
        begin, end = whole_hours(*sorted(BEGIN + timedelta(hours=chance.randrange(150)) for _ in range(2)))
        async with database.hot() as connection:
            found = {by: await repository.ranked(connection, begin, end, by, 10) for by in ("units", "short_orders")}  # type: ignore[arg-type]
        wanted: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for (at, sku), values in hours.items():
            if begin <= at < end:
                wanted[sku] = [wanted[sku][0] + values[1], wanted[sku][1] + values[3]]
        units = sorted(((-values[0], sku) for sku, values in wanted.items() if values[0]))
        assert [(-row["units"], row["sku"]) for row in found["units"]] == units
        short = sorted(((-values[1], sku) for sku, values in wanted.items() if values[1]))
        assert [(-row["short_orders"], row["sku"]) for row in found["short_orders"]] == short


ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "America/Santiago"]
)


@given(MOMENTS, st.timedeltas(timedelta(minutes=1), timedelta(days=20)), ZONES, st.sampled_from(["hour", "day"]))
def test_intervals_cover_the_period_without_gaps_and_begin_with_the_local_hour_or_day(
    begin: datetime, length: timedelta, name: str, interval: Any
) -> None:
    within = ZoneInfo(name)
    edges = starts(interval, within, begin, begin + length)
    assert edges[0] <= begin < edges[1]
    assert edges[-2] < begin + length <= edges[-1]
    assert edges == sorted(set(edges))
    for edge in edges:
        local = edge.astimezone(within)
        assert local.minute == 0
        assert edge.minute % 15 == 0
        if interval == "day":
            yesterday = (edge - timedelta(seconds=1)).astimezone(within).date()
            assert yesterday + timedelta(days=1) == local.date()


def test_days_have_23_and_25_hours_where_clocks_are_changed() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for day, hours in ((datetime(2026, 3, 29, 12, tzinfo=UTC), 23), (datetime(2026, 10, 25, 12, tzinfo=UTC), 25)):
        first, last = starts("day", berlin, day, day + timedelta(minutes=1))
        assert last - first == timedelta(hours=hours)


@given(MOMENTS, st.integers(0, 200))
def test_a_period_is_its_whole_days_and_the_hours_around_them(begin: datetime, hours: int) -> None:
    first, last = whole_hours(begin, begin + timedelta(hours=hours))
    first_day, last_day = split(first, last)
    assert first <= first_day <= last_day <= last
    assert all(day.hour == 0 for day in (first_day, last_day)) or first_day == last_day == last
    assert first_day == last or first_day - first < timedelta(days=1)


async def test_the_dashboard_shows_what_was_sold_and_what_was_short(hall: Hall) -> None:
    admin = hall.accounts.bearer(uuid.uuid4(), "admin")

    async def get(path: str) -> Any:
        answer = await hall.call("GET", f"/api/admin/{path}", headers=admin)
        assert answer.status == 200, answer.body
        return answer.body

    sku, scarce = await hall.sell(1000), await hall.sell()
    hall.inventory.stock[scarce] = 1
    bought = [(await hall.buy((sku, 2))).body for _ in range(3)]
    await hall.buy((scarce, 5))
    await hall.call("POST", f"/api/orders/{bought[0]['id']}/cancellation")
    # They are counted once they are old enough.
    await hall.database.execute("UPDATE orders SET placed_at = placed_at - interval '20 seconds'")

    async def counted() -> bool:
        items = (await get("best-sellers"))["items"]
        return any(item["sku"] == sku and item["units"] == 4 for item in items)

    await hall.until(counted)
    best = next(item for item in (await get("best-sellers?by=revenue"))["items"] if item["sku"] == sku)
    assert best | {"slug": ""} == {
        "sku": sku,
        "name": "Toy",
        "slug": "",
        "orders": 2,
        "units": 4,
        "revenue": {"amount": 4000, "currency": "EUR"},
    }
    short = next(item for item in (await get("rejections"))["items"] if item["sku"] == scarce)
    assert (short["times"], short["units"]) == (1, 5)
    for query in ("", "?interval=day", "?interval=day&tz=Asia/Kathmandu", "?tz=America/New_York"):
        series = await get(f"sales{query}")
        total = series["total"]
        assert sum(point["units"] for point in series["points"]) == total["units"] == 4
        assert (total["placed"], total["orders"], total["rejected"], total["cancelled"]) == (4, 2, 1, 1)
        assert total["revenue"]["amount"] == 4000
        assert series["counted_until"] is not None
    found = (await get(f"orders?sku={sku}"))["items"]
    assert [row["number"] for row in found] == [order["number"] for order in bought[::-1]]


async def test_periods_that_are_too_long_or_make_no_sense_are_refused(hall: Hall) -> None:
    admin = hall.accounts.bearer(uuid.uuid4(), "admin")
    for path in (
        "sales?tz=Middle/Earth",
        "sales?interval=week",
        "sales?from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z",
        "sales?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
        "sales?from=0001-01-01T00:00:00Z",
        "best-sellers?from=2024-01-01T00:00:00Z&to=2026-01-01T00:00:00Z",
        "best-sellers?by=name",
        "rejections?limit=101",
        "rejections?from=2026-01-01T00:00:00",
    ):
        assert (await hall.call("GET", f"/api/admin/{path}", headers=admin)).status == 422, path
    user = hall.accounts.bearer(uuid.uuid4())
    for path in ("sales", "best-sellers", "rejections"):
        assert (await hall.call("GET", f"/api/admin/{path}", headers=user)).status == 403
    points = (await hall.call("GET", "/api/admin/sales?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z",
                              headers=admin)).body["points"]  # fmt: skip
    assert len(points) == 31 * 24 <= MAX_POINTS
