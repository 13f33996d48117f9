"""A replica that dies at each crash point in turn, in the middle of a day's business.

Runs: one shop; for each point its service is restarted with the point armed, and a customer and a shopkeeper do all
that passes any point: receive, change, order, cancel, fulfil, erase. They repeat what was not answered.
Success: the armed process has died; the day ends as if it had not; stock and orders add up; the audit is clean.
"""

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from markethall.kit.crash_points import CRASH_POINTS
from tests.support.client import AdminClient, Client, Reply
from tests.support.faults import ask, broken_invariants
from tests.support.machine import eventually
from tests.support.shop import Shop, running_shop

pytestmark = pytest.mark.journey

WHERE_SEVERAL_PASS = {"relay": "orders", "consumer": "inventory"}
"""Of the points that are in the plumbing: in which service they are tried."""
RECEIVED = 10


def armed_service(point: str) -> str:
    services = CRASH_POINTS[point]
    return services[0] if len(services) == 1 else WHERE_SEVERAL_PASS[point.partition(".")[0]]


@pytest.fixture(scope="module")
def mortal_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with running_shop(Path(tmp_path_factory.mktemp("mortal")) / "data", "--no-demo") as shop:
        yield shop


@pytest.mark.parametrize("point", CRASH_POINTS)
async def test_the_day_ends_as_if_nobody_had_died(mortal_shop: Shop, point: str) -> None:
    shop, service = mortal_shop, armed_service(point)
    async with AdminClient(shop) as shopkeeper, Client(shop.url) as customer:
        await customer.register()
        await ask(shop, "restart", service=service, replica="1", settings={"MARKETHALL_CRASH_POINTS": point})
        [armed] = shop.processes(service)
        await business(shopkeeper, customer)
        await eventually(lambda: [p for p in shop.processes(service) if p["pid"] != armed["pid"]], seconds=30)
    await eventually(lambda: all_quiet(shop), seconds=60)


async def business(shopkeeper: AdminClient, customer: Client) -> None:
    """Everything that passes a crash point, once, with repeats of what is not answered."""
    slug, sku = f"thing-{uuid.uuid4().hex}", f"T-{uuid.uuid4().hex[:12]}"
    variant = {"sku": sku, "options": {}, "price": {"amount": 500, "currency": "EUR"}}
    product = {"name": "Thing", "slug": slug, "description": "", "options": [], "variants": [variant]}
    made: Reply = await shopkeeper.insist("POST", "/api/products", product)
    # A repeat of what was done, but not answered, is told that it is there.
    assert made.status == 201 or made.body["code"] in ("slug_taken", "sku_taken"), made
    await eventually_sold(customer, sku)
    await shopkeeper.receive(sku, RECEIVED)
    bought, cancelled, fulfilled = [(await customer.order({sku: n})).ok(201, 202)["id"] for n in (1, 2, 3)]
    for order_id in (bought, cancelled, fulfilled):
        assert (await shopkeeper.settled(order_id))["status"] == "confirmed"
    (await customer.insist("POST", f"/api/orders/{cancelled}/cancellation")).ok(200, 202)
    (await shopkeeper.insist("POST", f"/api/orders/{fulfilled}/fulfilment")).ok(200, 202)

    async def stock_is(on_hand: int, reserved: int) -> bool:
        stock = await shopkeeper.stock(sku)
        return (stock["on_hand"], stock["reserved"]) == (on_hand, reserved)

    await eventually(lambda: stock_is(RECEIVED - 3, 1), seconds=60)
    erased = await customer.insist("DELETE", "/api/users/me")
    assert erased.status in (204, 401), erased
    assert (await customer.insist("GET", "/api/users/me")).status == 401

    async def forgotten() -> bool:
        # The order stays, and is nobody's: whoever has its id may see it.
        async with Client(customer.url) as stranger:
            return (await stranger.insist("GET", f"/api/orders/{bought}")).status == 200

    await eventually(forgotten, seconds=60)
    statuses = {order_id: (await shopkeeper.settled(order_id))["status"] for order_id in (bought, cancelled, fulfilled)}
    assert statuses == {bought: "confirmed", cancelled: "cancelled", fulfilled: "fulfilled"}


async def eventually_sold(customer: Client, sku: str) -> None:
    """A product is for sale at once when it was answered 201; after a crash it may take the bus a moment."""

    async def is_known() -> bool:
        return (await customer.insist("GET", f"/api/stock/{sku}")).status == 200

    await eventually(is_known, seconds=60)


async def all_quiet(shop: Shop) -> bool:
    broken = await broken_invariants(shop)
    await asyncio.sleep(0.2 if broken else 0)
    return not broken
