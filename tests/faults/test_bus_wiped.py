"""The bus's storage deleted in the middle of orders.

Runs: buyers who order without waiting; NATS gets kill -9 and its store is deleted before it is back.
Success: every acknowledged order settles, the stock adds up, the audit is clean; prices and SKUs that
were announced into the wiped stream arrive all the same.
"""

import asyncio
import os
import shutil
import signal
import uuid
from pathlib import Path

import pytest

from tests.support.client import AdminClient, Client
from tests.support.machine import eventually
from tests.support.shop import alive, running_shop

pytestmark = pytest.mark.journey


async def test_every_acknowledged_order_settles(tmp_path: Path) -> None:
    with running_shop(tmp_path / "data", "--no-demo") as shop:
        async with AdminClient(shop) as shopkeeper, Client(shop.url) as buyers:
            [sku] = await shopkeeper.product(300)
            accepted: list[str] = []

            async def buy(count: int) -> None:
                for _ in range(count):
                    reply = await buyers.order({sku: 1}, key=uuid.uuid4().hex, Prefer="respond-async")
                    document = reply.ok(201, 202, 409)
                    accepted.append(document.get("id") or document["order_id"])

            inventory = shop.processes("inventory")[0]["pid"]
            os.kill(inventory, signal.SIGSTOP)  # what is placed stays in the stream
            await asyncio.gather(*(buy(10) for _ in range(20)))
            [bus] = shop.processes("nats")
            os.kill(bus["pid"], signal.SIGSTOP)
            shutil.rmtree(shop.data / "nats" / "store")
            os.kill(bus["pid"], signal.SIGKILL)
            await eventually(lambda: not alive(bus["pid"]))
            os.kill(inventory, signal.SIGCONT)
            await asyncio.gather(*(buy(10) for _ in range(20)))
            assert len(accepted) == len(set(accepted)) == 400
            settled = [await shopkeeper.settled(order_id, seconds=120) for order_id in accepted]
            assert sum(order["status"] == "confirmed" for order in settled) == 300
            assert sum(order["status"] == "rejected" for order in settled) == 100
            [later] = await shopkeeper.product(1)
            (await buyers.order({later: 1})).ok(201)
        audit = await asyncio.to_thread(shop.audit)
        assert audit.returncode == 0, audit.stdout


def is_deleted(folder: Path) -> bool:
    """Now, whatever a server that is at work writes into it meanwhile."""
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


async def test_a_store_deleted_under_a_running_bus_is_noticed(tmp_path: Path) -> None:
    """NATS goes on, stores nothing, and says that it is well."""
    with running_shop(tmp_path / "data", "--no-demo") as shop:
        async with AdminClient(shop) as shopkeeper, Client(shop.url) as buyers:
            [sku] = await shopkeeper.product(30)
            await eventually(lambda: is_deleted(shop.data / "nats" / "store"))
            accepted = [(await buyers.order({sku: 1}, Prefer="respond-async")).ok(201, 202)["id"] for _ in range(30)]
            settled = [await shopkeeper.settled(order_id, seconds=120) for order_id in accepted]
            assert {order["status"] for order in settled} == {"confirmed"}
        audit = await asyncio.to_thread(shop.audit)
        assert audit.returncode == 0, audit.stdout
