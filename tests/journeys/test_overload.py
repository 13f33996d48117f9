"""More buyers at once than a shop takes: who is refused has no order, who is accepted has one."""

import asyncio
import uuid
from pathlib import Path

import pytest

from tests.support.client import AdminClient, Client, Reply
from tests.support.shop import running_shop

pytestmark = pytest.mark.journey

PLACES = 4
BUYERS = 200


@pytest.mark.timeout(180)
async def test_who_is_refused_may_come_again_and_nothing_is_ordered_twice(tmp_path: Path) -> None:
    environment = {"MARKETHALL_ORDERS_UNDER_WAY": str(PLACES)}
    with running_shop(tmp_path / "data", "--no-demo", environment=environment) as shop:
        async with AdminClient(shop) as shopkeeper, Client(shop.url) as buyer:
            [sku] = await shopkeeper.product(10 * BUYERS)
            body = {"lines": [{"sku": sku, "quantity": 1}]}
            keys = [uuid.uuid4().hex for _ in range(BUYERS)]

            async def order(key: str) -> Reply:
                return await buyer.call("POST", "/api/orders", body, Idempotency_Key=key, Prefer="wait=30")

            replies = await asyncio.gather(*map(order, keys))
            refused = {key for key, reply in zip(keys, replies, strict=True) if reply.status == 503}
            assert {reply.status for reply in replies} == {201, 503}
            for reply in replies:
                if reply.status == 503:
                    assert reply.body["code"] == "too_busy"  # type: ignore[index,call-overload]
                    assert int(reply.headers["Retry-After"]) > 0  # type: ignore[index,call-overload,arg-type]
            assert (await shopkeeper.stock(sku))["reserved"] == BUYERS - len(refused)

            # At once: there is no time to wait out.
            assert (await order(uuid.uuid4().hex)).status == 201
            first = {reply.body["id"] for reply in replies if reply.status == 201}
            for key in keys:
                reply = await order(key)
                assert reply.status == 201
                assert (reply.body["id"] in first) == (key not in refused)
            assert (await shopkeeper.stock(sku))["reserved"] == BUYERS + 1
        audit = shop.audit()
        assert audit.returncode == 0, audit.stdout
