"""The primary gone for good, its folder deleted, in a stream of orders; then `markethall promote`.

Runs: a shop with two standbys and synchronous commits; buyers that order with a key and repeat the same request
for as long as the shop says "not now".
Success: nobody sees anything but 201, 202, 409 in the end; products are shown all the time; every acknowledged
order is there and settles; the stock adds up; the audit is clean; all copies are equal; no service was restarted.
"""

import asyncio
import json
import os
import shutil
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from markethall.chaos.judges.copies import judge_copies
from markethall.local.shop import LocalShop
from tests.support.client import AdminClient, Client, Reply
from tests.support.machine import eventually
from tests.support.shop import Shop, running_shop

pytestmark = pytest.mark.journey

ORDERS = 600
BUYERS = 12
IN_STOCK = 400
SERVICES = ("front", "catalog", "inventory", "orders", "accounts")


@pytest.fixture(scope="module")
def replicated_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    data = Path(tmp_path_factory.mktemp("replicated")) / "data"
    with running_shop(data, "--no-demo", "--read-replicas", "2", "--synchronous") as shop:
        yield shop


def primary_of(shop: Shop) -> int:
    return int(json.loads((shop.data / "database.json").read_text())["primary"])


def pid_of_primary(shop: Shop) -> int:
    [entry] = [each for each in shop.processes("postgres") if int(each["replica"]) == primary_of(shop)]
    return int(entry["pid"])


def lose(shop: Shop) -> None:
    """The process and its folder: nothing of it comes back."""
    number = primary_of(shop)
    os.kill(pid_of_primary(shop), signal.SIGKILL)
    folder = shop.data / ("postgres" if number == 1 else f"postgres-{number}")
    # The supervisor may just be starting it again, and write there.
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)


def freeze(shop: Shop) -> None:
    os.kill(pid_of_primary(shop), signal.SIGSTOP)


def nothing(shop: Shop) -> None:
    assert shop.processes("postgres")


@pytest.mark.parametrize("fate", [lose, freeze, nothing])
async def test_nothing_acknowledged_is_lost(replicated_shop: Shop, fate: object) -> None:
    assert callable(fate)
    shop = replicated_shop
    services = {entry["pid"] for entry in shop.processes() if entry["service"] in SERVICES}
    former = primary_of(shop)
    async with AdminClient(shop) as shopkeeper, Client(shop.url) as buyers, Client(shop.url) as readers:
        [sku] = await shopkeeper.product(IN_STOCK)
        replies: list[Reply] = []
        reads: list[int] = []
        keys = iter([uuid.uuid4().hex for _ in range(ORDERS)])

        async def buy() -> None:
            for key in keys:
                replies.append(await buyers.order({sku: 1}, key=key))

        async def read() -> None:
            while len(replies) < ORDERS:
                # Each list is another one to the cache: catalog is asked every time.
                reads.append((await readers.get(f"/api/products?option.none={uuid.uuid4().hex}")).status)
                await asyncio.sleep(0.05)

        async def promote() -> None:
            await eventually(lambda: len(replies) >= ORDERS // 4, seconds=120)
            await asyncio.to_thread(fate, shop)
            promoted = await asyncio.to_thread(shop.run, "promote", "--data", str(shop.data))
            assert promoted.returncode == 0, promoted.stdout + promoted.stderr
            assert "writes were away for" in promoted.stdout, promoted.stdout

        await asyncio.gather(promote(), read(), *(buy() for _ in range(BUYERS)))
        assert primary_of(shop) != former
        assert {reply.status for reply in replies} <= {201, 202, 409}
        assert set(buyers.seen) <= {0, 201, 202, 409, 503}
        assert set(reads) == {200}
        accepted = [reply.body["id"] for reply in replies if reply.status in (201, 202)]
        settled = [await shopkeeper.settled(order_id) for order_id in accepted]
        for reply, order in zip([r for r in replies if r.status in (201, 202)], settled, strict=True):
            assert order["status"] == "confirmed" or (reply.status == 202 and order["status"] == "rejected")
        stock = await shopkeeper.stock(sku)
        assert (stock["on_hand"], stock["reserved"]) == (IN_STOCK, IN_STOCK)
    audit = await asyncio.to_thread(shop.audit)
    assert audit.returncode == 0, audit.stdout + audit.stderr
    assert await judge_copies(LocalShop(shop.data)) == []
    assert {entry["pid"] for entry in shop.processes() if entry["service"] in SERVICES} == services
