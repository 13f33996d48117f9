"""CPU and memory of a shop's processes, as the kernel counts them."""

import os
import time

from markethall.bench.usage import SUPERVISOR, Meter
from markethall.local.shop import LocalShop
from tests.support.machine import eventually
from tests.support.shop import Shop

SERVICES = {"front", "catalog", "inventory", "orders", "accounts", "postgres", "nats"}


def busy(seconds: float) -> float:
    """CPU seconds that this process took, at least so many."""
    began = time.process_time()
    while time.process_time() - began < seconds:
        pass
    return time.process_time() - began


async def test_each_service_has_its_memory_and_the_supervisor_too(shop: Shop) -> None:
    found = Meter(LocalShop(shop.data), {}).memory_mib()
    assert found.keys() == SERVICES | {SUPERVISOR}
    assert all(1 < mib < 2000 for mib in found.values())


async def test_what_somebody_else_is_busy_with_is_not_the_shops(shop: Shop) -> None:
    meter = Meter(LocalShop(shop.data), {})
    taken = busy(0.5)
    usage = meter.read(0.0)
    assert usage.cpu_seconds.keys() == SERVICES | {SUPERVISOR}
    assert usage.elsewhere > 0
    # This process is none of the shop's.
    assert meter.read(1000.0).elsewhere == 0.0
    assert taken >= 0.5


async def test_a_process_beside_the_shop_is_told_by_its_name(shop: Shop) -> None:
    meter = Meter(LocalShop(shop.data), {"tests": os.getpid()})
    busy(0.2)
    await eventually(lambda: meter.read(0.0).cpu_seconds["tests"] >= 0.15, seconds=10)
