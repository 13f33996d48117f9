"""New keys and passwords in the place of old ones."""

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import jwt
import pytest

from markethall.local.shop import LocalShop
from tests.support.client import AdminClient, Client
from tests.support.machine import eventually
from tests.support.shop import Shop, running_shop

pytestmark = pytest.mark.journey


def credentials(shop: Shop) -> dict[str, Any]:
    return shop._credentials()


def key_of(token: str | None) -> str:
    assert token is not None
    return str(jwt.get_unverified_header(token)["kid"])


async def signed_by_another(client: Client, person: dict[str, Any], former: str) -> bool:
    await client.sign_in(person["email"], person["password"])
    return key_of(client.token) != former


async def test_a_new_key_signs_and_nobody_is_signed_out(shop: Shop) -> None:
    async with Client(shop.url) as early, Client(shop.url) as late:
        person = await early.register()
        former = key_of(early.token)
        done = await asyncio.to_thread(shop.run, "rotate", "keys", "--data", str(shop.data))
        assert done.returncode == 0, done.stderr
        await eventually(lambda: signed_by_another(late, person, former), seconds=120)
        for client in (early, late):
            assert (await client.get("/api/users/me")).ok(200)["email"] == person["email"]
            (await client.get("/api/orders")).ok(200)  # verified by another service


async def test_a_revoked_key_is_worth_nothing_soon(shop: Shop) -> None:
    async with Client(shop.url) as client:
        person = await client.register()
        session = await client.sign_in(person["email"], person["password"])
        done = await asyncio.to_thread(shop.run, "rotate", "keys", "--revoke", "--data", str(shop.data))
        assert done.returncode == 0, done.stderr

        async def refused_everywhere() -> bool:
            return {(await client.get(path)).status for path in ("/api/users/me", "/api/orders")} == {401}

        await eventually(refused_everywhere, seconds=120)
        pair = (await client.post("/api/sessions/refresh", {"refresh_token": session["refresh_token"]})).ok(201, 200)
        client.token = pair["access_token"]
        await eventually(lambda: accepted(client), seconds=60)
    assert "has ended at" in done.stdout


async def accepted(client: Client) -> bool:
    return {(await client.get(path)).status for path in ("/api/users/me", "/api/orders")} == {200}


async def follows(shop: Shop) -> bool:
    """Whether a standby follows the primary."""
    dsn = LocalShop(shop.data).dsn("postgres")
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        return bool(await connection.fetchval("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"))
    finally:
        await connection.close()


async def test_all_passwords_of_a_stopped_shop_are_renewed(tmp_path: Path) -> None:
    """Also where the primary is not the first of the databases any more, and a standby follows."""
    with running_shop(tmp_path / "data", "--no-demo", "--read-replicas", "1") as shop:
        promoted = await asyncio.to_thread(shop.run, "promote", "--data", str(shop.data))
        assert promoted.returncode == 0, promoted.stderr
        async with AdminClient(shop) as shopkeeper:
            [sku] = await shopkeeper.product(5)
        refused = shop.run("rotate", "credentials", "--data", str(shop.data))
        assert (refused.returncode, "another `markethall up` is running" in refused.stderr) == (1, True)
        assert shop.stop() == 0
        before = credentials(shop)
        done = shop.run("rotate", "credentials", "--data", str(shop.data))
        assert done.returncode == 0, done.stderr
        after = credentials(shop)
        for kind in ("database", "bus"):
            assert before[kind].keys() == after[kind].keys()
            assert not set(before[kind].values()) & set(after[kind].values())
        assert f"Admin: {after['admin']['email']}, password {after['admin']['password']}" in done.stdout
        shop.start()
        async with AdminClient(shop) as shopkeeper:  # with the new password
            (await shopkeeper.order({sku: 1})).ok(201)
            old = {"email": before["admin"]["email"], "password": before["admin"]["password"]}
            assert (await shopkeeper.post("/api/sessions", old)).status == 401
        await eventually(lambda: follows(shop), seconds=60)


async def test_a_shop_whose_passwords_were_lost_is_mended(tmp_path: Path) -> None:
    with running_shop(tmp_path / "data", "--no-demo") as shop:
        async with AdminClient(shop) as shopkeeper:
            [sku] = await shopkeeper.product(5)
        assert shop.stop() == 0
        (shop.data / "credentials.json").unlink()
        assert "is missing" in shop.run("up", "--data", str(shop.data), "--port", "0").stderr
        done = shop.run("rotate", "credentials", "--data", str(shop.data))
        assert done.returncode == 0, done.stderr
        assert json.loads((shop.data / "credentials.json").read_text())["database"]
        shop.start()
        async with AdminClient(shop) as shopkeeper:
            assert (await shopkeeper.stock(sku))["available"] == 5
