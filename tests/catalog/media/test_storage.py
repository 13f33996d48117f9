"""Where pictures are kept: the same promises of a folder and of a real S3-compatible store."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import nats as nats_client
import pytest

from markethall.catalog.app import create as catalog
from markethall.catalog.media.errors import MediaUnavailable
from markethall.catalog.media.storage import FolderStorage, NoStorage, Storage, storage_of
from markethall.local.nats import EmbeddedNats
from tests.catalog.media import files
from tests.catalog.stall import Stall
from tests.support.machine import Machine, eventually, running, settings_for
from tests.support.s3 import Bucket, s3_server

NAME = "0123456789abcdef0123456789abcdef/640.webp"
OTHER = "0123456789abcdef0123456789abcdef/320.webp"


@pytest.fixture(scope="module")
async def bucket(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bucket]:
    async with s3_server(tmp_path_factory.mktemp("s3")) as bucket:
        yield bucket


def told(monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storage:
    if request.param == "folder":
        return storage_of(str(tmp_path / "not" / "yet" / "there"))
    bucket: Bucket = request.getfixturevalue("bucket")
    told(monkeypatch, **bucket.environment)
    return storage_of(f"{bucket.place}/{tmp_path.name}")


async def test_what_was_put_is_there_until_it_is_removed(storage: Storage) -> None:
    assert await storage.get(NAME) is None
    content = os.urandom(300_000)
    await storage.put(NAME, content)
    await storage.put(OTHER, b"")
    assert await storage.get(NAME) == content
    assert await storage.get(OTHER) == b""
    await storage.remove(NAME)
    assert await storage.get(NAME) is None
    assert await storage.get(OTHER) == b""


async def test_to_put_and_to_remove_again_does_no_harm(storage: Storage) -> None:
    await asyncio.gather(*(storage.put(NAME, b"picture") for _ in range(8)))
    assert await storage.get(NAME) == b"picture"
    await storage.remove(NAME)
    await storage.remove(NAME)
    await storage.put(NAME, b"picture")
    assert await storage.get(NAME) == b"picture"


async def test_another_one_on_the_same_place_sees_it(storage: Storage, tmp_path: Path, bucket: Bucket) -> None:
    """As another replica of catalog does."""
    await storage.put(NAME, b"picture")
    folder = isinstance(storage, FolderStorage)
    other = storage_of(str(tmp_path / "not" / "yet" / "there") if folder else f"{bucket.place}/{tmp_path.name}")
    assert await other.get(NAME) == b"picture"


def kept_in(folder: Path) -> list[Path]:
    return [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]


async def test_a_folder_keeps_nothing_unfinished(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    await storage.put(NAME, b"picture")
    assert kept_in(tmp_path) == [Path("01") / NAME]
    await storage.remove(NAME)
    assert kept_in(tmp_path) == []


async def test_a_folder_that_cannot_be_used_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    storage = FolderStorage(tmp_path / "file")
    for work in (storage.put(NAME, b"x"), storage.get(NAME), storage.remove(NAME)):
        with pytest.raises(MediaUnavailable):
            await work


async def test_without_a_place_nothing_is_kept() -> None:
    storage = storage_of("")
    assert isinstance(storage, NoStorage)
    assert await storage.get(NAME) is None
    with pytest.raises(MediaUnavailable):
        await storage.put(NAME, b"x")


async def test_a_shop_keeps_its_pictures_in_the_store(
    bucket: Bucket, machine: Machine, nats: EmbeddedNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two replicas: what one has taken in, the other one shows."""
    told(monkeypatch, **bucket.environment)
    database = await machine.new_database("catalog")
    settings = settings_for("catalog", database, nats, media=f"{bucket.place}/shop")
    async with (
        running(catalog, settings) as one,
        running(catalog, settings.model_copy(update={"replica": "two"})) as other,
        aiohttp.ClientSession() as http,
    ):
        bus = await nats_client.connect(nats.url_for())
        stall = Stall(one, http, bus)
        await stall.open()
        content = files.encoded(files.painted(), "PNG")

        async def uploaded() -> bool:
            return (await stall.call("POST", "/api/media", content)).status == 200

        await eventually(uploaded, seconds=30)  # once it has been made, and then is known
        made = (await stall.call("POST", "/api/media", content)).body
        stall.url = other
        for size in made["sizes"]:
            answer = await stall.get(size["url"])
            assert (answer.status, answer.headers["Content-Type"]) == (200, "image/webp")
        await bus.close()


async def test_a_wrong_key_is_refused_by_the_store(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, **bucket.environment | {"AWS_SECRET_ACCESS_KEY": "another"})
    storage = storage_of(bucket.place)
    for work in (storage.put(NAME, b"x"), storage.get(NAME), storage.remove(NAME)):
        with pytest.raises(MediaUnavailable):
            await work


async def test_a_store_that_does_not_answer_is_not_waited_for_without_end(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(monkeypatch, **bucket.environment)
    storage = storage_of(bucket.place)
    await storage.put(OTHER, b"picture")
    os.kill(bucket.pid, signal.SIGSTOP)
    try:
        with pytest.raises(MediaUnavailable):
            await storage.get(OTHER)
    finally:
        os.kill(bucket.pid, signal.SIGCONT)
    assert await storage.get(OTHER) == b"picture"
