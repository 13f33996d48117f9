"""The same key is the same order, ever: at once through all fronts, and after a restart of everything."""

import asyncio
import uuid
from pathlib import Path

import pytest

from tests.support.client import AdminClient, Client
from tests.support.shop import Shop, running_shop

pytestmark = pytest.mark.journey


async def test_fifty_at_once_through_different_fronts(wide_shop: Shop) -> None:
    fronts = [entry["url"] for entry in wide_shop.processes("front")]
    assert len(fronts) == 3
    async with AdminClient(wide_shop) as shopkeeper:
        [sku] = await shopkeeper.product(1000)
        key = uuid.uuid4().hex
        clients = [await Client(url).__aenter__() for url in fronts]
        try:
            replies = await asyncio.gather(*(clients[i % 3].order({sku: 2}, key=key) for i in range(50)))
        finally:
            for client in clients:
                await client.__aexit__(None, None, None)
        assert {reply.status for reply in replies} == {201}
        assert all(reply.body == replies[0].body for reply in replies)
        assert (await shopkeeper.stock(sku))["reserved"] == 2


async def test_another_body_under_the_same_key_is_refused(shop: Shop) -> None:
    async with AdminClient(shop) as shopkeeper, Client(shop.url) as buyer:
        [sku] = await shopkeeper.product(10)
        key = uuid.uuid4().hex
        first = (await buyer.order({sku: 1}, key=key)).ok(201)
        other = await buyer.order({sku: 2}, key=key)
        assert (other.status, other.body["code"]) == (422, "idempotency_key_reused")
        assert (await buyer.order({sku: 1}, key=key)).ok(201) == first


async def test_the_same_order_after_a_restart_of_everything(tmp_path: Path) -> None:
    with running_shop(tmp_path / "data", "--no-demo") as shop:
        key = uuid.uuid4().hex
        async with AdminClient(shop) as shopkeeper, Client(shop.url) as buyer:
            [sku] = await shopkeeper.product(10)
            before = (await buyer.order({sku: 3}, key=key)).ok(201)
        assert shop.stop() == 0
        shop.start()
        async with AdminClient(shop) as shopkeeper, Client(shop.url) as buyer:
            assert (await buyer.order({sku: 3}, key=key)).ok(201) == before
            assert (await shopkeeper.stock(sku))["reserved"] == 3
        shop.kill_everything()
        shop.start()
        async with AdminClient(shop) as shopkeeper, Client(shop.url) as buyer:
            assert (await buyer.order({sku: 3}, key=key)).ok(201) == before
            assert (await shopkeeper.stock(sku))["reserved"] == 3
        audit = shop.audit()
        assert audit.returncode == 0, audit.stdout
