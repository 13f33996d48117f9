"""Each invariant, broken by hand, is caught; a sound shop is not."""

import asyncio
import uuid
from importlib.resources import files
from pathlib import Path

import asyncpg
import pytest

from markethall.auditing.report import audit
from markethall.kit.migrations import migrate
from markethall.kit.settings import Settings
from tests.support.machine import Machine

DATABASES = ("catalog", "inventory", "orders", "accounts")
CONFIRMED, REJECTED, CANCELLED, FULFILLED = (uuid.UUID(int=i) for i in range(1, 5))

INVENTORY = """
INSERT INTO stock (sku, on_hand, reserved) VALUES ('A', 8, 3);
INSERT INTO movements (sku, kind, on_hand_delta, reserved_delta, order_id, at) VALUES
    ('A', 'receipt', 10, 0, NULL, now()), ('A', 'reservation', 0, 3, '{confirmed}', now()),
    ('A', 'reservation', 0, 4, '{cancelled}', now()), ('A', 'release', 0, -4, '{cancelled}', now()),
    ('A', 'reservation', 0, 2, '{fulfilled}', now()), ('A', 'dispatch', -2, -2, '{fulfilled}', now());
INSERT INTO reservations (order_id, state, skus, quantities, settled_at, ended_at) VALUES
    ('{confirmed}', 'reserved', '{{A}}', '{{3}}', now(), NULL), ('{rejected}', 'rejected', '{{}}', '{{}}', now(), NULL),
    ('{cancelled}', 'released', '{{A}}', '{{4}}', now(), now()),
    ('{fulfilled}', 'dispatched', '{{A}}', '{{2}}', now(), now());
"""
ORDER = """
INSERT INTO orders (id, number, fingerprint, currency, lines, total, placed_at, {facts})
VALUES ($1, $2, '', 'EUR', $3, $4, now() - interval '10 minutes', {moments})
"""


async def fill_orders(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    for order_id, quantity, *facts in (
        (CONFIRMED, 3, "reserved_at"),
        (REJECTED, 99, "rejected_at"),
        (CANCELLED, 4, "reserved_at", "cancel_asked_at", "released_at"),
        (FULFILLED, 2, "reserved_at", "fulfil_asked_at", "dispatched_at"),
    ):
        lines = f'[{{"sku": "A", "name": "a", "options": {{}}, "quantity": {quantity}, "unit_price": 7}}]'
        moments = ", ".join(["now()"] * len(facts))
        statement = ORDER.format(facts=", ".join(facts), moments=moments)
        await connection.execute(statement, order_id, order_id.int, lines, 7 * int(quantity))


@pytest.fixture(scope="module")
async def templates(machine: Machine) -> dict[str, str]:
    """A sound shop's databases, to be copied."""
    found = {}
    for service in DATABASES:
        found[service] = await machine.new_database(service)
        settings = Settings(service=service, database_url=found[service])
        await migrate(settings, Path(str(files(f"markethall.{service}") / "migrations")))
    await run(
        found["inventory"],
        INVENTORY.format(confirmed=CONFIRMED, rejected=REJECTED, cancelled=CANCELLED, fulfilled=FULFILLED),
    )
    connection = await asyncpg.connect(found["orders"])
    await fill_orders(connection)
    await connection.close()
    return found


@pytest.fixture
async def dsns(machine: Machine, templates: dict[str, str]) -> dict[str, str]:
    return {service: await machine.new_database(service, template) for service, template in templates.items()}


async def run(dsn: str, statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


async def broken(dsns: dict[str, str], *, live: bool = False) -> set[str]:
    return {finding.name for finding in await audit(dsns, live=live) if finding.broken}


async def test_a_sound_shop_breaks_nothing(dsns: dict[str, str]) -> None:
    findings = await audit(dsns, live=True)
    assert [finding for finding in findings if finding.broken] == []
    counted = {finding.name: finding.counted for finding in findings}
    assert counted["every confirmed order has exactly its reservation"] == 4
    assert counted["on-hand equals the ledger's sum"] == 1


HOLD = f"UPDATE reservations SET state = 'reserved', skus = '{{A}}', quantities = '{{1}}' WHERE order_id = '{REJECTED}'"
AGO = "now() - interval '10 minutes'"


@pytest.mark.parametrize(
    ("database", "damage", "name"),
    [
        ("inventory", "UPDATE stock SET on_hand = 9", "on-hand equals the ledger's sum"),
        ("inventory", "UPDATE stock SET reserved = 2", "reserved equals the ledger's sum"),
        (
            "inventory",
            "INSERT INTO movements (sku, kind, on_hand_delta, reserved_delta, at) VALUES ('B', 'receipt', 1, 0, now())",
            "on-hand equals the ledger's sum",
        ),
        ("inventory", HOLD, "reserved equals what the reservations hold"),
        ("inventory", HOLD, "no rejected or cancelled order holds stock"),
        (
            "inventory",
            "ALTER TABLE stock DROP CONSTRAINT stock_never_oversold; UPDATE stock SET reserved = 11",
            "0 ≤ reserved ≤ on-hand",
        ),
        (
            "inventory",
            f"DELETE FROM reservations WHERE order_id = '{CONFIRMED}'",
            "every confirmed order has exactly its reservation",
        ),
        (
            "inventory",
            f"UPDATE reservations SET quantities = '{{2}}' WHERE order_id = '{CONFIRMED}'",
            "every confirmed order has exactly its reservation",
        ),
        (
            "inventory",
            f"UPDATE reservations SET state = 'reserved' WHERE order_id = '{CANCELLED}'",
            "no rejected or cancelled order holds stock",
        ),
        (
            "inventory",
            f"UPDATE reservations SET state = 'released' WHERE order_id = '{FULFILLED}'",
            "the goods of every fulfilled order have left, or are about to",
        ),
        (
            "orders",
            f"DELETE FROM orders WHERE id = '{CONFIRMED}'",
            "every reservation belongs to an order",
        ),
        (
            "orders",
            "DROP INDEX orders_number; UPDATE orders SET number = 1",
            "order numbers are unique",
        ),
        (
            "orders",
            f"UPDATE orders SET total = total + 1 WHERE id = '{CONFIRMED}'",
            "an order's total is the sum of its lines",
        ),
        (
            "orders",
            "ALTER TABLE orders DROP CONSTRAINT one_outcome;"
            f"UPDATE orders SET reserved_at = now() WHERE id = '{REJECTED}'",
            "no order is both reserved and rejected",
        ),
        (
            "orders",
            f"UPDATE orders SET rejected_at = NULL WHERE id = '{REJECTED}'",
            "no order is pending for over 60 s",
        ),
        (
            "orders",
            f"UPDATE orders SET released_at = NULL, cancel_asked_at = {AGO} WHERE id = '{CANCELLED}'",
            "no cancellation or fulfilment waits for its answer for over 60 s",
        ),
        *(
            (
                service,
                f"INSERT INTO outbox (subject, payload, created_at) VALUES ('x', '', {AGO})",
                f"the outbox of {service} is drained",
            )
            for service in DATABASES
        ),
    ],
)
async def test_each_breach_is_caught(dsns: dict[str, str], database: str, damage: str, name: str) -> None:
    await run(dsns[database], damage)
    assert name in await broken(dsns)


async def test_a_stopped_shop_is_judged_by_its_last_trace(dsns: dict[str, str]) -> None:
    """An order that was under way when the shop stopped is not late because the shop has been off."""
    await run(dsns["orders"], f"UPDATE orders SET rejected_at = NULL, placed_at = now() WHERE id = '{REJECTED}'")
    later = "interval '1 day'"
    await run(
        dsns["orders"],
        f"""UPDATE orders SET placed_at = placed_at - {later}, reserved_at = reserved_at - {later},
        cancel_asked_at = cancel_asked_at - {later}, released_at = released_at - {later},
        fulfil_asked_at = fulfil_asked_at - {later}, dispatched_at = dispatched_at - {later}""",
    )
    assert {f.name for f in await audit(dsns, live=False) if f.broken} == set()
    assert "no order is pending for over 60 s" in await broken(dsns, live=True)


async def test_what_stays_wrong_in_a_live_shop_is_believed_after_a_second_look(dsns: dict[str, str]) -> None:
    await run(dsns["inventory"], f"DELETE FROM reservations WHERE order_id = '{CONFIRMED}'")
    assert "every confirmed order has exactly its reservation" in await broken(dsns, live=True)


async def test_what_was_only_under_way_in_a_live_shop_is_not_reported(dsns: dict[str, str]) -> None:
    """The reservation is read an instant before it is there: here it comes while the audit looks again."""
    await run(dsns["inventory"], f"UPDATE reservations SET state = 'released' WHERE order_id = '{CONFIRMED}'")
    auditing = asyncio.create_task(audit(dsns, live=True))
    await asyncio.sleep(0)
    await run(dsns["inventory"], f"UPDATE reservations SET state = 'reserved' WHERE order_id = '{CONFIRMED}'")
    rule = "every confirmed order has exactly its reservation"
    assert [finding.broken for finding in await auditing if finding.name == rule] == [0]
