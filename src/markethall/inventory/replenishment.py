"""Topping up on a timer: each due SKU by one replica, once, however many were missed."""

from markethall.inventory import batches
from markethall.inventory.answers import stock_changed
from markethall.inventory.decisions import Level
from markethall.inventory.tables import MAX_ON_HAND
from markethall.kit.db import Database
from markethall.kit.outbox import enqueue_hot
from markethall.kit.relay import Relay

LOOK_SECONDS = 0.5
BATCH = 500

# A replica skips what another one is topping up. Turns that nobody was there for are not made up.
TAKE_DUE = """
WITH due AS (
    SELECT sku FROM replenishments WHERE next_at <= now() ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED
)
UPDATE replenishments SET next_at = next_at + make_interval(
    secs => interval_seconds * (floor(extract(epoch FROM now() - next_at) / interval_seconds) + 1)::float8
)
FROM due WHERE replenishments.sku = due.sku RETURNING replenishments.sku, target
"""

TOP_UP = """
WITH topped AS (
    UPDATE stock SET on_hand = on_hand + missing, version = version + 1
    FROM unnest($1::text[], $2::bigint[]) AS due (due_sku, missing) WHERE sku = due_sku
)
INSERT INTO movements (sku, kind, on_hand_delta, reserved_delta, at)
SELECT due_sku, 'replenishment', missing, 0, now() FROM unnest($1::text[], $2::bigint[]) AS due (due_sku, missing)
"""


async def replenish(database: Database, relay: Relay) -> int:
    """Top up every SKU whose time has come until its target is available; how many were due."""
    total = 0
    while True:
        async with database.hot() as connection:
            due = {row["sku"]: row["target"] for row in await connection.fetch(TAKE_DUE, BATCH)}
            levels = await batches.lock_levels(connection, due.keys())
            missing = {sku: topped_up(level, due[sku]) for sku, level in levels.items()}
            missing = {sku: quantity for sku, quantity in missing.items() if quantity > 0}
            if missing:
                await connection.execute(TOP_UP, list(missing), list(missing.values()))
                changed = {
                    sku: Level(levels[sku].on_hand + quantity, levels[sku].reserved, levels[sku].version + 1)
                    for sku, quantity in missing.items()
                }
                await enqueue_hot(connection, stock_changed(changed))
        if missing:
            relay.wake()
        total += len(due)
        if len(due) < BATCH:
            return total


def topped_up(level: Level, target: int) -> int:
    """How many have to come in so that `target` are available; nothing where more are."""
    return max(0, min(target - level.available, MAX_ON_HAND - level.on_hand))
