"""The usual design, made well: one service, one database, one transaction for each order.

The stock is taken last, and only where there is enough, so it sells no more than there is, and holds the rows that
others wait for no longer than it takes to commit. It has no second service to ask, no cart, no account, no outbox and
no history: whatever it is slower by is the transaction for each.
"""

import asyncio
import os
from uuid import UUID, uuid4

import asyncpg
import msgspec

from markethall.kit.asgi import Receive, Scope, Send, header, read_body
from markethall.kit.repeats import Hot

POOL = 2 * (os.cpu_count() or 1)
"""More connections would wait for the same rows, and for the cores."""
BODY_BYTES = 1 << 20
BODY_SECONDS = 10.0
STATEMENT_SECONDS = 30.0

TABLES = """
CREATE TABLE stock (
    sku text PRIMARY KEY,
    name text NOT NULL,
    price bigint NOT NULL,
    on_hand bigint NOT NULL CHECK (on_hand >= 0)
);
CREATE TABLE orders (
    id uuid PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    key text NOT NULL UNIQUE,
    total bigint NOT NULL,
    placed_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE order_lines (
    order_id uuid NOT NULL REFERENCES orders,
    sku text NOT NULL,
    quantity bigint NOT NULL,
    unit_price bigint NOT NULL,
    PRIMARY KEY (order_id, sku)
);
"""
PRICES = "SELECT sku, price FROM stock WHERE sku = ANY ($1::text[])"
INSERT = "INSERT INTO orders (id, key, total) VALUES ($1, $2, $3) RETURNING number"
INSERT_LINES = """
INSERT INTO order_lines (order_id, sku, quantity, unit_price)
SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::bigint[])
"""
TAKE_ONE = "UPDATE stock SET on_hand = on_hand - $2 WHERE sku = $1 AND on_hand >= $2"
# Locked in one order, whoever asks: nobody waits for each other in a circle.
TAKE_ALL = """
WITH held AS MATERIALIZED (
    SELECT stock.sku, wanted.quantity FROM stock
    JOIN unnest($1::text[], $2::bigint[]) AS wanted (sku, quantity) ON wanted.sku = stock.sku
    WHERE stock.on_hand >= wanted.quantity ORDER BY stock.sku FOR UPDATE OF stock
)
UPDATE stock SET on_hand = on_hand - held.quantity FROM held WHERE stock.sku = held.sku
"""
READ = "SELECT sku, name, price, on_hand FROM stock WHERE sku = $1"


class OutOfStock(Exception):
    """Nothing of the transaction is kept."""


class Line(msgspec.Struct, frozen=True):
    sku: str
    quantity: int


class Wanted(msgspec.Struct, frozen=True):
    lines: list[Line]


class Usual:
    """`POST /api/orders` and `GET /api/products/{sku}`; any other path is answered 200, empty."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._opening = asyncio.Lock()
        self._decoder = msgspec.json.Decoder(Wanted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        status, document = 200, b""
        if scope["method"] == "POST":
            body = await read_body(scope, receive, BODY_BYTES, BODY_SECONDS)
            status, document = await self.order(self._decoder.decode(body), header(scope, b"idempotency-key") or "")
        elif scope["path"].startswith("/api/products/"):
            status, document = await self._product(scope["path"].rpartition("/")[2])
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(document)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": document})

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()

    async def order(self, wanted: Wanted, key: str) -> tuple[int, bytes]:
        """Status and document."""
        pool = await self._opened()
        try:
            async with pool.acquire() as connection, connection.transaction():
                order_id, number, total = await self._write(connection, wanted.lines, key)
        except OutOfStock:
            return 409, b'{"code":"out_of_stock"}'
        document = {"id": order_id, "number": number, "status": "confirmed", "lines": wanted.lines, "total": total}
        return 201, msgspec.json.encode(document)

    async def _write(self, connection: Hot, lines: list[Line], key: str) -> tuple[UUID, int, int]:
        skus, quantities = [line.sku for line in lines], [line.quantity for line in lines]
        known = {row["sku"]: row["price"] for row in await connection.fetch(PRICES, skus)}
        if len(known) < len(skus):
            raise OutOfStock
        prices = [known[sku] for sku in skus]
        total = sum(price * quantity for price, quantity in zip(prices, quantities, strict=True))
        order_id = uuid4()
        number = await connection.fetchval(INSERT, order_id, key, total)
        await connection.execute(INSERT_LINES, order_id, skus, quantities, prices)
        if len(lines) == 1:
            taken = await connection.execute(TAKE_ONE, skus[0], quantities[0])
        else:
            taken = await connection.execute(TAKE_ALL, skus, quantities)
        if taken != f"UPDATE {len(lines)}":
            raise OutOfStock
        return order_id, number, total

    async def _product(self, sku: str) -> tuple[int, bytes]:
        pool = await self._opened()
        row = await pool.fetchrow(READ, sku)
        return (200, msgspec.json.encode(dict(row))) if row else (404, b"")

    async def _opened(self) -> "asyncpg.Pool[asyncpg.Record]":
        if self._pool is None:
            async with self._opening:
                if self._pool is None:
                    self._pool = await asyncpg.create_pool(
                        self._dsn, min_size=POOL, max_size=POOL, command_timeout=STATEMENT_SECONDS
                    )
        return self._pool


def app() -> Usual:
    return Usual(os.environ["MARKETHALL_BENCH_DSN"])
