"""A replica that is suspended, and never resumed: others answer, and it is replaced.

Runs: readers and buyers through the front, while one of two replicas of a part is stopped by SIGSTOP.
Success: nothing fails, nobody waits longer than the bound for one dead replica, and the supervisor
replaces it.
"""

import asyncio
import json
import os
import signal
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.client import AdminClient, Client
from tests.support.machine import eventually
from tests.support.shop import Shop, alive, running_shop

pytestmark = pytest.mark.journey

BOUND_SECONDS = 3.0
SLACK_SECONDS = 3.0
"""For a machine that does other things, too."""
REPLACED_SECONDS = 90.0
TWO_OF_EACH = "front=2,catalog=2,inventory=2,orders=2,accounts=2"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    data = Path(tmp_path_factory.mktemp("frozen")) / "data"
    with running_shop(data, "--no-demo", "--replicas", TWO_OF_EACH) as shop:
        yield shop


@asynccontextmanager
async def repeating(*calls: Callable[[], Awaitable[float]]) -> AsyncIterator[list[float]]:
    """Each call again and again; yields the seconds that each took. What fails in one, fails here."""
    seconds: list[float] = []
    stop = asyncio.Event()

    async def repeat(call: Callable[[], Awaitable[float]]) -> None:
        while not stop.is_set():
            seconds.append(await call())
            await asyncio.sleep(0.01)

    async with asyncio.TaskGroup() as group:
        for call in calls:
            group.create_task(repeat(call))
        yield seconds
        stop.set()


@pytest.mark.parametrize("part", ["catalog", "inventory", "orders", "accounts", "front"])
async def test_its_requests_are_answered_by_another_and_it_is_replaced(shop: Shop, part: str) -> None:
    victim = shop.processes(part)[1]
    async with AdminClient(shop) as shopkeeper, Client(shop.url) as guest:
        [sku] = await shopkeeper.product(100_000)
        slug = (await shopkeeper.get("/api/products")).ok()["items"][0]["slug"]

        async def call(method: str, path: str, body: object = None, **headers: str) -> float:
            began = time.monotonic()
            reply = await guest.call(method, path, body, **headers)
            reply.ok(200, 201, 202)
            return time.monotonic() - began

        async def read() -> float:
            return await call("GET", f"/api/products?category=none-{uuid.uuid4().hex}")

        async def look() -> float:
            return await call("GET", f"/api/products/{slug}")

        async def sign_in() -> float:
            credentials = {"email": shop.admin_email, "password": shop.admin_password}
            return await call("POST", "/api/sessions", credentials)

        async def buy() -> float:
            lines = {"lines": [{"sku": sku, "quantity": 1}]}
            return await call("POST", "/api/orders", lines, Idempotency_Key=uuid.uuid4().hex, Prefer="wait=1")

        # What a suspended front has taken in, only its end gives back: reads are tried elsewhere before.
        calls = [read, look] if part == "front" else [read, look, sign_in, buy, buy]
        async with repeating(*calls) as seconds:
            await eventually(lambda: len(seconds) > 50, seconds=60)
            os.kill(victim["pid"], signal.SIGSTOP)
            await eventually(lambda: replaced(shop, victim), seconds=REPLACED_SECONDS)
            after = len(seconds)
            await eventually(lambda: len(seconds) > after + 50, seconds=60)
        assert max(seconds) < BOUND_SECONDS + SLACK_SECONDS
    assert "did not answer" in detail_of(shop, part, victim["replica"])


@pytest.mark.parametrize("part", ["nats", "postgres"])
async def test_a_suspended_server_is_replaced_and_what_was_acknowledged_is_there(shop: Shop, part: str) -> None:
    victim = shop.processes(part)[0]
    async with AdminClient(shop) as shopkeeper, Client(shop.url) as guest:
        [sku] = await shopkeeper.product(100)
        before = (await guest.order({sku: 1})).ok(201, 202)
        os.kill(victim["pid"], signal.SIGSTOP)
        during = (await guest.order({sku: 1}, wait=1)).ok(201, 202)
        await eventually(lambda: replaced(shop, victim), seconds=REPLACED_SECONDS)
        for order in (before, during):
            assert (await shopkeeper.settled(order["id"]))["status"] == "confirmed"
    assert "did not answer" in detail_of(shop, part, victim["replica"])


def replaced(shop: Shop, victim: dict[str, object]) -> bool:
    pids = [entry["pid"] for entry in shop.processes(str(victim["service"])) if entry["replica"] == victim["replica"]]
    return bool(pids) and pids[0] != victim["pid"] and alive(pids[0])


def detail_of(shop: Shop, part: str, replica: object) -> str:
    """What `markethall status` says beside it."""
    done = shop.run("status", "--json", "--data", str(shop.data))
    units = json.loads(done.stdout)["units"]
    return str(next(unit["detail"] for unit in units if (unit["service"], unit["replica"]) == (part, replica)))
