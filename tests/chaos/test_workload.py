"""The workload against a real shop: a run without faults is clean, and its seed decides what is asked for."""

import json
from typing import Any

import pytest

from markethall.chaos.history import History
from markethall.chaos.judges import judge
from markethall.chaos.workload import Mix, Workload
from markethall.local.shop import LocalShop
from tests.support.machine import eventually
from tests.support.shop import Shop

ORDERS = 80
BUSY = Mix(read_share=0.3, stream_share=0.2, cancel_share=0.2, fulfil_share=0.2, cart_share=0.1, hot_stock=5)


async def run(shop: Shop, seed: int) -> tuple[History, str]:
    workload = Workload(shop.url, shop.admin_email, shop.admin_password, seed=seed, rate=50, mix=BUSY, users=1)
    async with workload:
        await eventually(lambda: len(workload.history.of_kind("place")) >= ORDERS, seconds=60)
        await workload.stop()
    return workload.history, workload.run


def wishes(history: History, run: str) -> list[Any]:
    """What was ordered by lines, in the order of the keys, without what is this run's own."""
    places = {call.request.key: call.request.body for call in history.of_kind("place")}
    ordered = [places[key] for key in sorted(places, key=lambda key: int((key or "").rpartition("-")[2]))]
    return [json.loads(json.dumps(body).replace(run, "RUN")) for body in ordered if body and "lines" in body][:40]


@pytest.mark.timeout(240)
async def test_a_run_without_faults_is_clean_and_its_seed_repeats_it(shop: Shop) -> None:
    first, first_run = await run(shop, seed=3)
    verdict = await judge(first, LocalShop(shop.data), quiet_seconds=60)
    assert verdict.is_clean, str(verdict)
    kinds = {call.kind for call in first.calls}
    assert {"place", "read_order", "cancel", "fulfil", "receipt", "read_stock", "read_product", "read_cart"} <= kinds
    assert {event.status for event in first.events} >= {"confirmed"}

    again, again_run = await run(shop, seed=3)
    other, other_run = await run(shop, seed=4)
    assert wishes(again, again_run) == wishes(first, first_run)
    assert wishes(other, other_run) != wishes(first, first_run)
