"""What is confirmed was in stock: many buyers, few units, one replica of each service and three."""

import asyncio
import random

import pytest

from tests.support.client import AdminClient, Client, Reply
from tests.support.shop import Shop

pytestmark = pytest.mark.journey


@pytest.fixture(params=["shop", "wide_shop"])
def hall(request: pytest.FixtureRequest) -> Shop:
    found: Shop = request.getfixturevalue(request.param)
    return found


def confirmed(replies: list[Reply]) -> int:
    """How many were; all others must be refused for want of stock, and say so."""
    for reply in replies:
        assert reply.status in (201, 409), (reply.status, reply.body)
        if reply.status == 409:
            assert reply.body["code"] == "out_of_stock"
            assert reply.body["shortages"]
        else:
            assert reply.body["status"] == "confirmed"
    return sum(reply.status == 201 for reply in replies)


def assert_clean(shop: Shop) -> None:
    audit = shop.audit()
    assert audit.returncode == 0, audit.stdout + audit.stderr


async def test_one_unit_and_sixty_four_buyers_fifty_times(hall: Shop) -> None:
    async with AdminClient(hall) as shopkeeper, Client(hall.url) as buyers:
        skus = await shopkeeper.product(*[1] * 50)
        for sku in skus:
            replies = await asyncio.gather(*(buyers.order({sku: 1}) for _ in range(64)))
            assert confirmed(replies) == 1
            assert await shopkeeper.stock(sku) | {"version": 0} == {
                "sku": sku,
                "on_hand": 1,
                "reserved": 1,
                "available": 0,
                "version": 0,
            }
    assert_clean(hall)


async def test_fifty_units_and_two_hundred_buyers(hall: Shop) -> None:
    async with AdminClient(hall) as shopkeeper, Client(hall.url) as buyers:
        [sku] = await shopkeeper.product(50)
        replies = await asyncio.gather(*(buyers.order({sku: 1}) for _ in range(200)))
        assert confirmed(replies) == 50
        assert (await shopkeeper.stock(sku))["available"] == 0
    assert_clean(hall)


async def test_baskets_that_overlap_in_opposite_order_do_not_deadlock(hall: Shop) -> None:
    async with AdminClient(hall) as shopkeeper, Client(hall.url) as buyers:
        skus = await shopkeeper.product(*[40] * 6)
        source = random.Random(7)
        baskets = []
        for _ in range(150):
            chosen = source.sample(skus, source.randint(2, 6))
            baskets.append({sku: source.randint(1, 3) for sku in chosen})
        replies = await asyncio.gather(*(buyers.order(basket) for basket in baskets))
        confirmed(replies)
        sold = dict.fromkeys(skus, 0)
        for basket, reply in zip(baskets, replies, strict=True):
            if reply.status == 201:
                for sku, quantity in basket.items():
                    sold[sku] += quantity
        for sku in skus:
            stock = await shopkeeper.stock(sku)
            assert stock["reserved"] == sold[sku] <= 40
        # All or none, first come first served: whoever was refused did not fit at that moment,
        # so what is left cannot serve the smallest refused basket that asked for the same SKUs alone.
        left = {sku: 40 - sold[sku] for sku in skus}
        for basket, reply in zip(baskets, replies, strict=True):
            if reply.status == 409:
                assert any(quantity > left[sku] for sku, quantity in basket.items())
    assert_clean(hall)
