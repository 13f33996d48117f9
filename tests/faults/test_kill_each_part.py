"""kill -9 of each process in turn, in the middle of 2,000 orders.

Runs: buyers that order with a key and repeat the same request on a 503 or a broken connection.
Success: nobody sees anything but 201, 202 or 409 in the end; every order answered 201 or 202
exists afterwards and settles; the stock adds up; the audit is clean.
"""

import asyncio
import uuid
from pathlib import Path

import pytest

from tests.support.client import AdminClient, Client, Reply
from tests.support.machine import eventually
from tests.support.shop import Shop, running_shop

pytestmark = pytest.mark.journey

ORDERS = 2_000
BUYERS = 24
IN_STOCK = 1_500


@pytest.fixture(scope="module")
def killed_shop(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    with running_shop(Path(tmp_path_factory.mktemp("killed")) / "data", "--no-demo") as shop:
        yield shop


@pytest.mark.parametrize("part", ["front", "catalog", "inventory", "orders", "accounts", "nats", "postgres"])
async def test_nothing_acknowledged_is_lost(killed_shop: Shop, part: str) -> None:
    shop = killed_shop
    async with AdminClient(shop) as shopkeeper, Client(shop.url) as buyers:
        [sku] = await shopkeeper.product(IN_STOCK)
        replies: list[Reply] = []
        keys = iter([uuid.uuid4().hex for _ in range(ORDERS)])

        async def buy() -> None:
            for key in keys:
                replies.append(await buyers.order({sku: 1}, key=key))

        async def kill() -> None:
            await eventually(lambda: len(replies) >= ORDERS // 4, seconds=120)
            await asyncio.to_thread(shop.kill, part)

        await asyncio.gather(kill(), *(buy() for _ in range(BUYERS)))
        assert len(replies) == ORDERS
        assert {reply.status for reply in replies} <= {201, 202, 409}
        assert set(buyers.seen) <= {0, 201, 202, 409, 503}
        assert all(reply.body["code"] == "out_of_stock" for reply in replies if reply.status == 409)
        accepted = [reply.body["id"] for reply in replies if reply.status in (201, 202)]
        assert len(set(accepted)) == len(accepted)
        settled = [await shopkeeper.settled(order_id) for order_id in accepted]
        assert all(order["status"] in ("confirmed", "rejected") for order in settled)
        for reply, order in zip([r for r in replies if r.status in (201, 202)], settled, strict=True):
            assert reply.status == 202 or order["status"] == "confirmed"
        confirmed = sum(order["status"] == "confirmed" for order in settled)
        stock = await shopkeeper.stock(sku)
        assert (stock["on_hand"], stock["reserved"]) == (IN_STOCK, IN_STOCK)
        assert confirmed == IN_STOCK
    audit = await asyncio.to_thread(shop.audit)
    assert audit.returncode == 0, audit.stdout + audit.stderr
