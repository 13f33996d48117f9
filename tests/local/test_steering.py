"""A running shop is made larger and smaller, restarted in parts, looked at, and joined from outside."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from markethall.local.credentials import SERVICES
from markethall.local.shop import LocalShop
from tests.faults.repeating import Answers, repeating
from tests.support.client import AdminClient, Client
from tests.support.machine import eventually
from tests.support.shop import Shop, alive, running_shop

pytestmark = pytest.mark.journey

# With a body, and a method that nobody may repeat. It is refused by the front, for it orders nothing.
EMPTY_ORDER = (
    b"POST /api/orders HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n"
    b'Content-Type: application/json\r\nContent-Length: 13\r\n\r\n{"lines": []}'
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    data = Path(tmp_path_factory.mktemp("steered")) / "data"
    with running_shop(data, "--no-demo", "--replicas", "orders=2") as shop:
        yield shop


def told(shop: Shop, *arguments: str) -> str:
    """What a command that succeeds says."""
    done = shop.run(*arguments, "--data", str(shop.data))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def count(shop: Shop, service: str) -> int:
    return len(shop.processes(service))


async def listed(shopkeeper: AdminClient, service: str) -> list[dict[str, Any]]:
    """Live replicas, as the front sees them."""
    replicas = (await shopkeeper.get("/api/system")).ok()["replicas"]
    return [replica for replica in replicas if replica["service"] == service]


async def test_replicas_come_and_go_while_buyers_buy(shop: Shop) -> None:
    async with AdminClient(shop) as shopkeeper, Client(shop.url) as guest:
        [sku] = await shopkeeper.product(100_000)
        kept = {entry["pid"] for entry in shop.processes("inventory")}
        async with repeating(guest, sku) as answers:
            for number in (3, 1):
                await asyncio.to_thread(told, shop, "scale", f"catalog={number}", f"inventory={number}")
                assert (count(shop, "catalog"), count(shop, "inventory")) == (number, number)
                assert len(await listed(shopkeeper, "catalog")) == number
                await answers.more(50)
        assert kept == {entry["pid"] for entry in shop.processes("inventory")}


async def test_one_front_becomes_several_and_one_again_and_nobody_is_refused(shop: Shop) -> None:
    """Each request on a connection of its own, as many as the shop can bear: none is refused, reset, or answered
    with an error. The edge that is there stays as it is."""
    async with AdminClient(shop) as shopkeeper, Client(shop.url) as guest:
        [sku] = await shopkeeper.product(100_000)
        async with repeating(guest, sku, Connection="close") as answers, knocking(shop) as knocks:
            await asyncio.to_thread(told, shop, "restart", "front")
            edges = []
            for number in (3, 2, 1):
                await asyncio.to_thread(told, shop, "scale", f"front={number}")
                assert count(shop, "front") == number
                edges.append(shop.processes("edge"))
                await answers.more(50)
            await asyncio.to_thread(told, shop, "restart", "front")
            await answers.more(50)
            await knocks.more(1000)
        assert [edge["url"] for edge in edges[0]] == [shop.url]
        assert edges == [shop.processes("edge")] * 3


@asynccontextmanager
async def knocking(shop: Shop) -> AsyncIterator[Answers]:
    """Sixteen who connect and ask and go, without a pause; whoever is not answered well fails the test."""
    answers = Answers()
    stop = asyncio.Event()

    async def knock() -> None:
        while not stop.is_set():
            async with asyncio.timeout(60):
                reader, writer = await asyncio.open_connection("127.0.0.1", shop.port)
                writer.write(EMPTY_ORDER)
                answer = await reader.read()
                writer.close()
            assert answer.startswith(b"HTTP/1.1 422 "), answer
            answers.count += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(16):
            group.create_task(knock())
        yield answers
        stop.set()


async def test_the_next_edge_serves_while_the_last_finishes(shop: Shop) -> None:
    """Whoever hears of an order goes on hearing of it; who comes meanwhile does not wait for that."""
    await asyncio.to_thread(told, shop, "scale", "front=2")
    [last] = shop.processes("edge")
    async with AdminClient(shop) as shopkeeper, Client(shop.url) as guest:
        [sku] = await shopkeeper.product(10)
        order = (await guest.post("/api/orders", {"lines": [{"sku": sku, "quantity": 1}]}, Prefer="wait=30")).ok(201)
        reader, writer = await asyncio.open_connection("127.0.0.1", shop.port)
        writer.write(f"GET /api/orders/{order['id']}/events HTTP/1.1\r\nHost: shop\r\n\r\n".encode())
        async with asyncio.timeout(60):
            await reader.readuntil(b'"confirmed"')
            restart = asyncio.create_task(asyncio.to_thread(told, shop, "restart", "edge"))
            await eventually(lambda: any(edge["pid"] != last["pid"] for edge in shop.processes("edge")), seconds=30)
            (await guest.get("/ping", Connection="close")).ok()
            assert alive(last["pid"])
            (await shopkeeper.post(f"/api/orders/{order['id']}/fulfilment")).ok(200, 202)
            await reader.readuntil(b'"fulfilled"')
            writer.close()
            await restart
    [edge] = shop.processes("edge")
    assert edge["pid"] != last["pid"]
    assert edge["url"] == shop.url
    assert not alive(last["pid"])
    await asyncio.to_thread(told, shop, "scale", "front=1")


async def test_a_restart_goes_from_replica_to_replica_and_nobody_notices(shop: Shop) -> None:
    async with AdminClient(shop) as shopkeeper, Client(shop.url) as guest:
        [sku] = await shopkeeper.product(100_000)
        before = {entry["pid"] for entry in shop.processes("orders")}
        async with repeating(guest, sku) as answers:
            await asyncio.to_thread(told, shop, "restart", "orders")
            await answers.more(50)
        assert not before & {entry["pid"] for entry in shop.processes("orders")}
        assert count(shop, "orders") == 2


def test_one_replica_alone_is_restarted(shop: Shop) -> None:
    first, second = shop.processes("orders")
    told(shop, "restart", f"orders={second['replica']}")
    now = {entry["replica"]: entry["pid"] for entry in shop.processes("orders")}
    assert now[first["replica"]] == first["pid"]
    assert now[second["replica"]] != second["pid"]


@pytest.mark.parametrize("part", ["nats", "postgres"])
def test_servers_are_restarted_too(shop: Shop, part: str) -> None:
    before = shop.processes(part)[0]["pid"]
    told(shop, "restart", part)
    assert shop.processes(part)[0]["pid"] != before


def test_what_is_not_there_is_refused_in_a_line(shop: Shop) -> None:
    for arguments, code, said in (
        (("restart", "stall"), 1, "no part 'stall'"),
        (("restart", "orders=9"), 1, "no replica '9'"),
        (("scale", "stall=2"), 2, "no service 'stall'"),
        (("scale", "orders=0"), 2, "1 to 16"),
    ):
        done = shop.run(*arguments, "--data", str(shop.data))
        assert done.returncode == code
        assert said in " ".join((done.stdout + done.stderr).split())
    nowhere = shop.run("status", "--data", str(shop.data / "nowhere"))
    assert nowhere.returncode == 3
    assert "no shop runs" in nowhere.stderr


async def test_status_and_the_public_overview_know_the_same(shop: Shop) -> None:
    shown = told(shop, "status")
    found = json.loads(told(shop, "status", "--json"))
    processes = {(entry["service"], entry["replica"]): entry for entry in shop.processes()}
    assert {(unit["service"], unit["replica"]) for unit in found["units"]} == processes.keys()
    for unit in found["units"]:
        entry = processes[unit["service"], unit["replica"]]
        assert (unit["state"], unit["pid"], unit["url"]) == ("up", entry["pid"], entry["url"])
        assert unit["service"] in shown
        assert str(unit["pid"]) in shown
    assert {stream["stream"] for stream in found["bus"]["streams"]} >= {"ORDERS", "STOCK", "DEAD"}
    assert [node["role"] for node in found["databases"]] == ["primary"]
    assert set(found["outboxes"]) == {"catalog", "inventory", "orders", "accounts"}
    async with AdminClient(shop) as shopkeeper, Client(shop.url) as guest:
        overview = (await shopkeeper.get("/api/system")).ok()["processes"]
        assert {unit["pid"] for unit in overview["units"]} == {unit["pid"] for unit in found["units"]}
        assert (await guest.get("/api/system")).status == 401


@pytest.mark.parametrize("service", SERVICES)
async def test_a_replica_started_by_hand_joins_and_leaves(shop: Shop, service: str) -> None:
    """It is told nothing but the bus."""
    async with AdminClient(shop) as shopkeeper:
        before = len(await listed(shopkeeper, service))
        with by_hand(service, MARKETHALL_BUS_URL=LocalShop(shop.data).bus_url(service)) as process:
            address = await joined(shopkeeper, service)
            async with Client(address) as there:
                assert (await there.get("/ping")).body == "pong"
                assert (await there.get("/health/ready")).status == 200
            process.terminate()
            await eventually(lambda: process.poll() is not None, seconds=30)
            assert len(await listed(shopkeeper, service)) == before


async def joined(shopkeeper: AdminClient, service: str) -> str:
    """The address of the replica that is there beside the shop's own."""
    async with asyncio.timeout(60):
        while True:
            for replica in await listed(shopkeeper, service):
                if replica["id"] == "by-hand":
                    return str(replica["address"])
            await asyncio.sleep(0.1)


@contextmanager
def by_hand(service: str, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MARKETHALL_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "markethall", "serve", service],
        env=environment | {"MARKETHALL_REPLICA": "by-hand"} | settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def test_the_number_holds_for_the_next_start_unless_it_says_otherwise(shop: Shop) -> None:
    told(shop, "scale", "accounts=2", "orders=1")
    assert shop.stop() == 0
    shop.start()
    assert (count(shop, "accounts"), count(shop, "orders")) == (2, 2)  # orders as its start was told


def test_a_shop_that_is_closed_while_it_grows_leaves_nobody(tmp_path: Path) -> None:
    with running_shop(tmp_path / "data", "--no-demo") as shop:
        command = [sys.executable, "-m", "markethall", "scale", "catalog=8", "--data", str(shop.data)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as growing:
            shop.wait(lambda: "catalog 8 starting" in shop.tail(), 30, "growing")
            assert shop._process is not None
            children = [child.pid for child in psutil.Process(shop._process.pid).children(recursive=True)]
            assert shop.stop() == 0
            growing.wait(30)
        assert "Traceback" not in shop.tail()
        assert not any(alive(pid) for pid in children)
