"""Backup and restore to a moment.

Runs: a shop with an archive; orders before the backup, between it and a moment, and after that moment, some of them
under way at it. Success: what was acknowledged before the moment is there, what came later is not, what was
under way settles, the audit is clean, and the shop sells on.
"""

import asyncio
import json
import os
import shutil
import signal
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.client import AdminClient, Client
from tests.support.shop import Shop, running_shop

pytestmark = pytest.mark.journey


@dataclass(frozen=True)
class Past:
    """A shop that was, and what is left of it."""

    shop: Shop
    archive: Path
    backup: Path
    moment: datetime
    sku: str
    before: list[dict[str, Any]]
    """Settled when the moment came, as the shop showed them then."""
    under_way: list[str]
    after: dict[str, dict[str, Any]]
    """By idempotency key."""
    buyer_token: str

    def restore(self, data: Path, *more: str, until: datetime | None = None) -> Any:
        moment = ("--until", until.isoformat()) if until else ()
        return self.shop.run("restore", "--from", str(self.backup), "--data", str(data), *moment, *more)


@pytest.fixture(scope="module")
async def past(tmp_path_factory: pytest.TempPathFactory, enterable: Path) -> AsyncIterator[Past]:
    data, archive = tmp_path_factory.mktemp("past") / "data", enterable / "an archive of 100%"
    backup = data.with_name("backup")
    with running_shop(data, "--no-demo", "--archive", str(archive)) as shop:
        async with AdminClient(shop) as shopkeeper, Client(shop.url) as buyer:
            [sku] = await shopkeeper.product(500)
            await buyer.register()
            before = [(await buyer.order({sku: 1})).ok(201) for _ in range(5)]
            done = await asyncio.to_thread(shop.run, "backup", "--data", str(data), "--to", str(backup))
            assert done.returncode == 0, done.stderr
            before += [(await buyer.order({sku: 2})).ok(201) for _ in range(5)]
            cancelled = before[-1]["id"]
            (await buyer.post(f"/api/orders/{cancelled}/cancellation")).ok(200, 202)
            before[-1] = (await buyer.get(f"/api/orders/{cancelled}")).ok(200)
            inventory = shop.processes("inventory")[0]["pid"]
            os.kill(inventory, signal.SIGSTOP)
            try:
                waiting = [await buyer.order({sku: 1}, Prefer="respond-async") for _ in range(5)]
                moment = datetime.now(UTC)
                keys = [uuid.uuid4().hex for _ in range(5)]
                after = {key: (await buyer.order({sku: 1}, key=key, Prefer="respond-async")).ok(202) for key in keys}
            finally:
                os.kill(inventory, signal.SIGCONT)
            for order in after.values():
                assert (await shopkeeper.settled(order["id"]))["status"] == "confirmed"
            token = buyer.token
        assert shop.stop() == 0
        assert token is not None
        yield Past(shop, archive, backup, moment, sku, before, [reply.ok(202)["id"] for reply in waiting], after, token)


async def test_a_shop_restored_to_a_moment_sells_on(past: Past, tmp_path: Path) -> None:
    done = await asyncio.to_thread(past.restore, tmp_path / "data", "--archive", str(past.archive), until=past.moment)
    assert done.returncode == 0, done.stderr
    with running_shop(tmp_path / "data", "--no-demo", "--archive", str(past.archive)) as shop:
        async with AdminClient(shop) as shopkeeper, Client(shop.url, past.buyer_token) as buyer:
            for order in past.before:
                assert (await buyer.get(f"/api/orders/{order['id']}")).ok(200) == order
            lost = [order["id"] for order in past.after.values()]
            assert {(await buyer.get(f"/api/orders/{order_id}")).status for order_id in lost} == {404}
            for order_id in past.under_way:
                assert (await shopkeeper.settled(order_id))["status"] == "confirmed"
            held = 5 * 1 + 4 * 2 + 5 * 1
            assert (await shopkeeper.stock(past.sku))["available"] == 500 - held
            # Whoever asks again with the same key gets the order they were promised, under a number of its own.
            for key, order in past.after.items():
                again = (await buyer.order({past.sku: 1}, key=key)).ok(201)
                assert again["id"] == order["id"]
                assert again["number"] > max(order["number"] for order in past.after.values())
            assert (await shopkeeper.stock(past.sku))["available"] == 500 - held - 5
            numbers = [(await buyer.order({past.sku: 1})).ok(201)["number"] for _ in range(3)]
            assert numbers == sorted(set(numbers))
        audit = await asyncio.to_thread(shop.audit)
        assert audit.returncode == 0, audit.stdout
        passwords = json.loads((tmp_path / "data" / "credentials.json").read_text())
        assert passwords["database"].items().isdisjoint(past.shop._credentials()["database"].items())
        assert shop.stop() == 0
    assert any(name.startswith("00000002") for name in os.listdir(past.archive))


async def test_without_a_moment_all_that_was_archived_is_there(past: Past, tmp_path: Path) -> None:
    done = await asyncio.to_thread(past.restore, tmp_path / "data", "--archive", str(past.archive))
    assert done.returncode == 0, done.stderr
    with running_shop(tmp_path / "data", "--no-demo") as shop:
        async with Client(shop.url, past.buyer_token) as buyer:
            for order in [*past.before, *past.after.values()]:
                assert (await buyer.get(f"/api/orders/{order['id']}")).ok(200)["number"] == order["number"]
        audit = await asyncio.to_thread(shop.audit)
        assert audit.returncode == 0, audit.stdout


def test_a_backup_alone_is_a_shop_as_it_was_at_its_end(past: Past, tmp_path: Path) -> None:
    assert past.restore(tmp_path / "data").returncode == 0
    report = past.shop.run("audit", "--data", str(tmp_path / "data"), "--json")
    assert report.returncode == 0, report.stdout
    counted = {finding["name"]: finding["counted"] for finding in json.loads(report.stdout)["invariants"]}
    assert counted["order numbers are unique"] == 5


def refused(past: Past, data: Path, *more: str, until: datetime | None = None) -> str:
    """The reason, one line; and nothing is left behind."""
    done = past.restore(data, *more, until=until)
    assert done.returncode == 1, done.stdout
    assert not list(data.parent.glob("*unfinished*"))
    assert done.stderr.count("\n") == 1
    return str(done.stderr)


def test_a_moment_that_cannot_be_reached_is_refused(past: Past, tmp_path: Path) -> None:
    with_archive = ("--archive", str(past.archive))
    finished = datetime.fromisoformat(json.loads((past.backup / "backup.json").read_text())["finished"])
    early = refused(past, tmp_path / "data", *with_archive, until=finished - timedelta(seconds=1))
    assert "take an older one" in early
    assert "future" in refused(past, tmp_path / "data", *with_archive, until=datetime.now(UTC) + timedelta(hours=1))
    assert "give --archive" in refused(past, tmp_path / "data", until=past.moment)
    assert not (tmp_path / "data").exists()


def test_a_moment_after_the_end_of_the_archive_is_refused(past: Past, tmp_path: Path, enterable: Path) -> None:
    """Only what had been archived when the backup was finished: the moment lies behind it."""
    shorter = enterable / "shorter"
    shutil.copytree(past.archive, shorter)
    label = next(name for name in sorted(os.listdir(shorter)) if ".backup" in name)
    for name in os.listdir(shorter):
        if name.startswith("0000") and name[:24] > label[:24]:
            (shorter / name).unlink()
    for path in (shorter, *shorter.iterdir()):
        shutil.chown(path, past.archive.stat().st_uid, past.archive.stat().st_gid)
    reason = refused(past, tmp_path / "data", "--archive", str(shorter), until=past.moment)
    # Whether anything was committed between the backup's end and the archive's decides which of the two it is.
    sentences = ("the archive ends with what was committed at", "is out of reach: the archive ends before that")
    assert any(sentence in reason for sentence in sentences)
    assert not (tmp_path / "data").exists()


def test_a_damaged_segment_is_not_taken_for_the_end_of_the_archive(past: Past, tmp_path: Path, enterable: Path) -> None:
    damaged = enterable / "damaged"
    shutil.copytree(past.archive, damaged)
    for path in (damaged, *damaged.iterdir()):
        shutil.chown(path, past.archive.stat().st_uid, past.archive.stat().st_gid)
    label = next(name for name in sorted(os.listdir(damaged)) if ".backup" in name)
    segment = min(path for path in damaged.glob("00000001*.gz") if path.name[:24] > label[:24])
    segment.write_bytes(segment.read_bytes()[:-100])
    assert "cannot be read" in refused(past, tmp_path / "data", "--archive", str(damaged))


def test_a_damaged_backup_is_refused(past: Past, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(past.backup, damaged)
    table = max((damaged / "postgres" / "base").rglob("*"), key=lambda path: path.stat().st_size)
    content = bytearray(table.read_bytes())
    content[len(content) // 2] ^= 1
    table.write_bytes(content)
    done = past.shop.run("restore", "--from", str(damaged), "--data", str(tmp_path / "data"))
    assert done.returncode == 1
    assert f"{table.name} is damaged" in done.stderr
    (damaged / "backup.json").unlink()
    done = past.shop.run("restore", "--from", str(damaged), "--data", str(tmp_path / "data"))
    assert (done.returncode, "there is no backup" in done.stderr) == (1, True)
    assert not (tmp_path / "data").exists()


def test_what_is_there_is_never_overwritten(past: Past, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "something").write_text("mine")
    assert "not empty" in refused(past, tmp_path / "data")
    done = past.shop.run("backup", "--data", str(past.shop.data), "--to", str(tmp_path / "data"))
    assert (done.returncode, "not empty" in done.stderr) == (1, True)
    assert (tmp_path / "data" / "something").read_text() == "mine"


def test_a_backup_is_not_opened_by_mistake(past: Past) -> None:
    done = past.shop.run("up", "--data", str(past.backup), "--port", "0")
    assert (done.returncode, "not a shop's" in done.stderr) == (1, True)


def test_a_stopped_shop_can_be_backed_up(past: Past, tmp_path: Path) -> None:
    done = past.shop.run("backup", "--data", str(past.shop.data), "--to", str(tmp_path / "backup"), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["system_identifier"] == (past.archive / "SHOP").read_text().strip()


@pytest.mark.parametrize("moment", ["yesterday", "2026-11-20T16:30:00"])
def test_a_moment_is_written_with_its_offset(past: Past, tmp_path: Path, moment: str) -> None:
    done = past.shop.run("restore", "--from", str(past.backup), "--data", str(tmp_path / "data"), "--until", moment)
    assert done.returncode == 2
