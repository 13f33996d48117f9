"""A disk without room: under the databases, under the bus.

Runs: buyers; PostgreSQL's or the bus's folder is a small file system that a ballast file fills to the last block.
Success: what was acknowledged is there when there is room again, once; orders are taken all the while the bus's disk is
full; the audit is clean. Takes root, to mount.
"""

import asyncio
import random
import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from markethall.chaos.faults.disks import DiskFull
from markethall.chaos.target import Target
from tests.support.client import AdminClient, Client
from tests.support.faults import broken_invariants, small_disk, until
from tests.support.machine import eventually
from tests.support.shop import Shop, running_shop

pytestmark = pytest.mark.journey

DATABASE_MEBIBYTES = 384
BUS_MEBIBYTES = 64
IN_STOCK = 100_000


@pytest.fixture(scope="module")
def cramped_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop whose databases and bus have a disk each."""
    tmp_path = tmp_path_factory.mktemp("cramped")
    data = tmp_path / "data"
    with running_shop(data, "--no-demo"):
        pass
    with ExitStack() as disks:
        for name, mebibytes in (("postgres", DATABASE_MEBIBYTES), ("nats", BUS_MEBIBYTES)):
            _move_onto(disks.enter_context(small_disk(tmp_path / name, mebibytes)), data / name)
        with running_shop(data, "--no-demo") as shop:
            yield shop


def _move_onto(disk: Path, folder: Path) -> None:
    """The folder's files, with their owner; a link stands in its place."""
    shutil.copystat(folder, disk)
    moved = disk / folder.name
    shutil.copytree(folder, moved, copy_function=shutil.copy2)
    owner = folder.stat()
    for path in (moved, *moved.rglob("*")):
        shutil.chown(path, owner.st_uid, owner.st_gid)
    disk.chmod(0o755)
    shutil.rmtree(folder)
    folder.symlink_to(moved)


@pytest.mark.parametrize("spot", ["postgres", "nats"])
async def test_nothing_acknowledged_is_lost(cramped_shop: Shop, spot: str) -> None:
    shop = cramped_shop
    target = await asyncio.to_thread(Target, shop.data)
    assert sorted(await DiskFull().spots(target)) == ["nats", "postgres"]
    await target.look()
    async with AdminClient(shop) as shopkeeper, Client(shop.url) as buyers:
        [sku] = await shopkeeper.product(IN_STOCK)
        accepted: dict[str, str] = {}
        enough = asyncio.Event()

        async def buy() -> None:
            while not enough.is_set():
                key = uuid.uuid4().hex
                reply = await buyers.order({sku: 1}, key=key, Prefer="respond-async")
                accepted[key] = reply.ok(201, 202)["id"]

        buying = [asyncio.create_task(buy()) for _ in range(8)]
        try:
            await eventually(lambda: len(accepted) > 50, seconds=60)
            heal = await DiskFull().inject(target, spot, random.Random(1))
            try:
                if spot == "nats":
                    taken = len(accepted)
                    await eventually(lambda: len(accepted) > taken + 200, seconds=60)
                else:
                    await eventually(lambda: 503 in buyers.seen, seconds=90)
            finally:
                await heal()
            taken = len(accepted)
            await eventually(lambda: len(accepted) > taken + 50, seconds=90)
        finally:
            enough.set()
            await asyncio.gather(*buying)
        await until(shop)
        assert len(set(accepted.values())) == len(accepted)
        for order_id in accepted.values():
            assert (await shopkeeper.settled(order_id, seconds=120))["status"] == "confirmed"
        stock = await shopkeeper.stock(sku)
        assert stock["reserved"] == len(accepted)
    await eventually(lambda: _is_right(shop), seconds=60)


async def _is_right(shop: Shop) -> bool:
    return not await broken_invariants(shop)
