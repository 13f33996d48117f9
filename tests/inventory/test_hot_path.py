"""Plans of the hot path: no table is read from end to end, and no index is touched by an update."""

from datetime import UTC, datetime

from markethall.inventory import batches
from markethall.inventory.consumers import OrderDecider
from markethall.inventory.replenishment import replenish
from markethall.kit.bus import Bus
from markethall.kit.db import Database
from markethall.kit.relay import Relay
from markethall.local.nats import EmbeddedNats
from tests.inventory.warehouse import Warehouse, cancelled, fulfilled, new_id, open_warehouse, placed
from tests.support.machine import Machine, eventually, settings_for

SKUS = 10_000
TABLES = ("stock", "reservations", "movements", "outbox", "replenishments")


async def test_ten_thousand_skus_are_never_read_one_after_another(machine: Machine, nats: EmbeddedNats) -> None:
    async with open_warehouse(machine) as warehouse:
        settings = settings_for("inventory", warehouse.url, nats)
        async with Database(settings) as database, Bus(settings, "inventory") as bus:
            relay = Relay(database, bus)
            decider = OrderDecider(database, relay)
            # Plans are made now, while the tables are empty, and kept for the connection's life.
            await run(decider, relay, database, ["NO-SUCH"])
            await fill(warehouse)
            read_before = await rows_read_in_sequence(warehouse)
            for turn in range(3):
                await run(decider, relay, database, [f"S{number:05}" for number in range(turn, SKUS, 50)])
        # The server counts a session's reads at the latest when it ends.
        await eventually(lambda: no_session_but_ours(warehouse))
        assert await rows_read_in_sequence(warehouse) == read_before
        for table, updates in (("stock", 600), ("reservations", 1200)):
            updated, hot = await updates_of(warehouse, table)
            assert updated >= updates
            assert hot == updated


async def test_without_the_settings_of_hot_connections_a_plan_made_on_empty_tables_reads_all(
    machine: Machine,
) -> None:
    async with open_warehouse(machine) as warehouse:
        await warehouse.connection.execute("SET plan_cache_mode = force_generic_plan")
        nothing: list[list[object]] = [[] for _ in range(17)]
        await warehouse.connection.fetch(batches.WRITE, datetime.now(UTC), *nothing)
        await fill(warehouse)
        await warehouse.connection.fetch(batches.WRITE, datetime.now(UTC), ["S00001"], [0], [1], *nothing[3:])
        await warehouse.connection.execute("SELECT pg_stat_force_next_flush()")
        assert (await rows_read_in_sequence(warehouse))["stock"] >= SKUS


async def run(decider: OrderDecider, relay: Relay, database: Database, skus: list[str]) -> None:
    """Orders placed, half of them cancelled and half fulfilled; all of it said; what is due replenished."""
    orders = [(new_id(), dict.fromkeys(skus[n % len(skus) :][:3], 1)) for n in range(400)]
    ids = [order_id for order_id, _ in orders]
    await decider.apply([placed(*orders)])
    await decider.apply([placed(*orders)])
    await decider.apply([cancelled(*ids[:200]), fulfilled(*ids[200:])])
    async with database.hot() as connection:
        await batches.read_levels(connection, skus)
    await replenish(database, relay)
    while await relay.relay_once():
        pass


async def fill(warehouse: Warehouse) -> None:
    await warehouse.connection.execute(
        "INSERT INTO stock (sku, on_hand) "
        "SELECT 'S' || lpad(n::text, 5, '0'), 1000000 FROM generate_series(0, $1) AS n",
        SKUS - 1,
    )
    await warehouse.connection.execute(
        "INSERT INTO replenishments (sku, target, interval_seconds, next_at) "
        "SELECT sku, 1000001, 3600, now() + interval '1 hour' FROM stock"
    )
    await warehouse.connection.execute("SELECT pg_stat_force_next_flush()")


async def rows_read_in_sequence(warehouse: Warehouse) -> dict[str, int]:
    rows = await warehouse.connection.fetch(
        "SELECT relname, seq_tup_read FROM pg_stat_user_tables WHERE relname = ANY($1)", TABLES
    )
    return {row["relname"]: row["seq_tup_read"] for row in rows}


async def updates_of(warehouse: Warehouse, table: str) -> tuple[int, int]:
    row = await warehouse.connection.fetchrow(
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = $1", table
    )
    assert row is not None
    return row["n_tup_upd"], row["n_tup_hot_upd"]


async def no_session_but_ours(warehouse: Warehouse) -> bool:
    sessions: int = await warehouse.connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
    )
    return sessions == 1
