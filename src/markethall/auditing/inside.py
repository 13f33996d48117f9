"""Invariants within one database: each a statement that counts, and one that finds what breaks it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

Connection = asyncpg.Connection

MAX_ROWS = 20
PENDING_SECONDS = 60.0
"""The reconciler sends again after 5 s, with backoff up to 60 s; until the bus is back, orders may wait longer."""
OUTBOX_SECONDS = 30.0


@dataclass(frozen=True)
class Finding:
    """One invariant: how many things were looked at, and the rows that break it (at most 20 are shown)."""

    name: str
    counted: int
    broken: int
    rows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Invariant:
    """`broken` gives a row for each breach, with its description in the first column."""

    database: str
    name: str
    count: str
    broken: str
    takes_moment: timedelta | None = None
    """Where set, `$1` of both is the moment of the audit less this."""


INVARIANTS = (
    Invariant(
        "inventory",
        "on-hand equals the ledger's sum",
        "SELECT count(*) FROM stock",
        """
        SELECT format('%s: on hand %s, ledger %s', coalesce(s.sku, m.sku), s.on_hand, m.total)
        FROM stock s FULL JOIN (SELECT sku, sum(on_hand_delta) AS total FROM movements GROUP BY sku) m USING (sku)
        WHERE s.on_hand IS DISTINCT FROM coalesce(m.total, 0)
        """,
    ),
    Invariant(
        "inventory",
        "reserved equals the ledger's sum",
        "SELECT count(*) FROM stock",
        """
        SELECT format('%s: reserved %s, ledger %s', coalesce(s.sku, m.sku), s.reserved, m.total)
        FROM stock s FULL JOIN (SELECT sku, sum(reserved_delta) AS total FROM movements GROUP BY sku) m USING (sku)
        WHERE s.reserved IS DISTINCT FROM coalesce(m.total, 0)
        """,
    ),
    Invariant(
        "inventory",
        "reserved equals what the reservations hold",
        "SELECT count(*) FROM stock",
        """
        SELECT format('%s: reserved %s, reservations %s', coalesce(s.sku, r.sku), s.reserved, r.total)
        FROM stock s FULL JOIN (
            SELECT line.sku, sum(line.quantity) AS total
            FROM reservations, unnest(skus, quantities) AS line (sku, quantity)
            WHERE state = 'reserved' GROUP BY line.sku
        ) r USING (sku)
        WHERE s.reserved IS DISTINCT FROM coalesce(r.total, 0)
        """,
    ),
    Invariant(
        "inventory",
        "0 ≤ reserved ≤ on-hand",
        "SELECT count(*) FROM stock",
        """
        SELECT format('%s: on hand %s, reserved %s', sku, on_hand, reserved)
        FROM stock WHERE NOT reserved BETWEEN 0 AND on_hand
        """,
    ),
    Invariant(
        "orders",
        "order numbers are unique",
        "SELECT count(*) FROM orders",
        "SELECT format('number %s: %s orders', number, count(*)) FROM orders GROUP BY number HAVING count(*) > 1",
    ),
    Invariant(
        "orders",
        "an order's total is the sum of its lines",
        "SELECT count(*) FROM orders",
        """
        SELECT format('order %s: total %s, lines %s', number, total, lines_total)
        FROM orders, LATERAL (
            SELECT sum((line ->> 'quantity')::numeric * (line ->> 'unit_price')::numeric) AS lines_total
            FROM jsonb_array_elements(lines) AS line
        ) AS summed
        WHERE total <> lines_total
        """,
    ),
    Invariant(
        "orders",
        "no order is both reserved and rejected",
        "SELECT count(*) FROM orders WHERE reserved_at IS NOT NULL OR rejected_at IS NOT NULL",
        "SELECT format('order %s', number) FROM orders WHERE reserved_at IS NOT NULL AND rejected_at IS NOT NULL",
    ),
    Invariant(
        "orders",
        f"no order is pending for over {PENDING_SECONDS:.0f} s",
        """
        SELECT count(*) FROM orders
        WHERE reserved_at IS NULL AND rejected_at IS NULL AND cancel_asked_at IS NULL
            AND ($1::timestamptz IS NOT NULL)
        """,
        """
        SELECT format('order %s: pending since %s', number, placed_at) FROM orders
        WHERE reserved_at IS NULL AND rejected_at IS NULL AND cancel_asked_at IS NULL AND placed_at < $1
        """,
        takes_moment=timedelta(seconds=PENDING_SECONDS),
    ),
    Invariant(
        "orders",
        f"no cancellation or fulfilment waits for its answer for over {PENDING_SECONDS:.0f} s",
        """
        SELECT count(*) FROM orders
        WHERE (cancel_asked_at IS NOT NULL OR fulfil_asked_at IS NOT NULL) AND ($1::timestamptz IS NOT NULL)
        """,
        """
        SELECT format('order %s: asked at %s', number, coalesce(cancel_asked_at, fulfil_asked_at)) FROM orders
        WHERE (cancel_asked_at < $1 AND released_at IS NULL) OR (fulfil_asked_at < $1 AND dispatched_at IS NULL)
        """,
        takes_moment=timedelta(seconds=PENDING_SECONDS),
    ),
    *(
        Invariant(
            database,
            f"the outbox of {database} is drained",
            "SELECT count(*) FROM outbox WHERE $1::timestamptz IS NOT NULL",
            "SELECT format('%s waits since %s', subject, created_at) FROM outbox WHERE created_at < $1 ORDER BY id",
            takes_moment=timedelta(seconds=OUTBOX_SECONDS),
        )
        for database in ("catalog", "inventory", "orders", "accounts")
    ),
)


async def check(invariant: Invariant, connection: Connection, moment: datetime) -> Finding:
    arguments = [moment - invariant.takes_moment] if invariant.takes_moment else []
    counted = await connection.fetchval(invariant.count, *arguments)
    broken = await connection.fetch(invariant.broken, *arguments)
    return Finding(invariant.name, counted, len(broken), tuple(row[0] for row in broken[:MAX_ROWS]))
