"""What somebody else does to the orders of a run is found, however legal it looks. A real shop."""

import asyncpg
import pytest

from markethall.chaos.judges import judge
from markethall.chaos.judges.asked import RULE as UNASKED
from markethall.chaos.judges.lost import LOST
from markethall.chaos.workload import Mix, Workload
from markethall.local.shop import LocalShop
from tests.support.client import admin
from tests.support.machine import eventually
from tests.support.shop import Shop

ORDERS = 60
CALM = Mix(hot_share=0.3, hot_stock=5, cancel_share=0.0, fulfil_share=0.0, signed_in_share=0.0, async_share=0.0)
DEARER = """
UPDATE orders SET total = total + $2,
    lines = jsonb_set(lines, '{0,unit_price}', to_jsonb((lines->0->>'unit_price')::bigint + $2)) WHERE id = $1
"""


@pytest.mark.timeout(240)
async def test_orders_that_are_cancelled_or_repriced_by_others_are_found(shop: Shop) -> None:
    workload = Workload(shop.url, shop.admin_email, shop.admin_password, seed=5, rate=40, mix=CALM, users=1)
    async with workload:
        await eventually(lambda: len(workload.history.of_kind("place")) >= ORDERS, seconds=60)
        await workload.stop()
    history, local = workload.history, LocalShop(shop.data)
    verdict = await judge(history, local, quiet_seconds=60)
    assert verdict.is_clean, str(verdict)

    confirmed = [call.answer for call in history.of_kind("place") if call.answer.get("status") == "confirmed"]
    gone, dearer = (
        confirmed[0]["id"],
        next(order["id"] for order in confirmed if order["lines"][min(order["lines"])] == 1),
    )
    async with admin(shop) as somebody:
        (await somebody.post(f"/api/orders/{gone}/cancellation")).ok(200)
    connection = await asyncpg.connect(local.dsn("orders"), timeout=10)
    try:
        await connection.execute(DEARER, dearer, 7)
        verdict = await judge(history, local, quiet_seconds=60)
        await connection.execute(DEARER, dearer, -7)
    finally:
        await connection.close()
    assert {one.rule for one in verdict.violations if gone in one.said} == {UNASKED}
    assert {one.rule for one in verdict.violations if dearer in one.said} == {LOST}
