"""A standby that lags is found out, and found equal once it has caught up. Real servers."""

from pathlib import Path

import asyncpg
import pytest

from markethall.chaos.judges.copies import judge_copies
from markethall.local.shop import LocalShop
from tests.support.shop import running_shop


async def say(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.timeout(240)
async def test_a_copy_that_differs_is_named_with_its_table(tmp_path: Path) -> None:
    with running_shop(tmp_path / "data", "--no-demo", "--read-replicas", "1") as shop:
        local = LocalShop(shop.data)
        assert await judge_copies(local) == []
        (standby,) = [dsn for number, dsn in local.node_dsns("catalog").items() if number != local.primary]
        await say(standby, "SELECT pg_wal_replay_pause()")
        await say(
            local.dsn("catalog"),
            "INSERT INTO categories (slug, name, position, version) VALUES ('toys', 'Toys', 0, 1)",
        )
        found = await judge_copies(local, seconds=1)
        assert "catalog.categories: 1 rows on the primary (node 1), 0 on node 2" in [one.said for one in found]
        await say(standby, "SELECT pg_wal_replay_resume()")
        assert await judge_copies(local) == []
