"""Pictures that nothing refers to are removed after a time, and no other."""

import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from markethall.catalog.media.errors import MediaUnavailable
from markethall.catalog.media.pictures import Pictures
from markethall.catalog.media.storage import FolderStorage, NoStorage
from markethall.catalog.media.workshop import Workshop
from markethall.kit.db import Database
from markethall.kit.settings import Settings
from tests.catalog.media import files
from tests.catalog.stall import Stall

KEPT = timedelta(days=30)


@dataclasses.dataclass
class Attic:
    """Catalog's own way of clearing away, called when a test wants it, and a clock that is put forward."""

    shop: Stall
    pictures: Pictures
    database: "asyncpg.Connection[asyncpg.Record]"
    number: int = 0

    async def picture(self) -> str:
        self.number += 1
        content = files.encoded(files.painted(50 + self.number, 40), "PNG")
        answer = await self.shop.call("POST", "/api/media", content)
        assert answer.status in (200, 201), answer.raw
        return str(answer.body["url"])

    async def later(self, by: timedelta) -> None:
        """That much time passes, and then it is cleared away."""
        await self.pictures.clear_away()
        await self.database.execute("UPDATE pictures SET unused_since = unused_since - $1::interval", by)
        await self.pictures.clear_away()

    async def is_there(self, url: str) -> bool:
        answers = [await self.shop.get(f"{url.rpartition('/')[0]}/{width}.webp") for width in (320, 640, 1280)]
        assert len({answer.status for answer in answers}) == 1, "some widths are there and some are not"
        return answers[0].status == 200


@pytest.fixture
async def attic(shop: Stall, settings: Settings, folder: Path) -> AsyncIterator[Attic]:
    async with Database(settings) as database:
        pictures = Pictures(database, FolderStorage(folder), Workshop(), KEPT.total_seconds())
        connection = await asyncpg.connect(settings.database_url, timeout=10)
        try:
            yield Attic(shop, pictures, connection)
        finally:
            await connection.close()


async def test_one_that_nothing_refers_to_goes_after_the_time(attic: Attic) -> None:
    url = await attic.picture()
    await attic.later(KEPT - timedelta(minutes=1))
    assert await attic.is_there(url)
    await attic.later(timedelta(minutes=2))
    assert not await attic.is_there(url)
    assert await attic.picture()


async def test_one_that_is_referred_to_stays_and_goes_when_it_no_longer_is(attic: Attic) -> None:
    by_product, by_category, by_whole_address = [await attic.picture() for _ in range(3)]
    product = await attic.shop.add(images=[by_product])
    other = await attic.shop.add(images=[f"https://shop.example{by_whole_address}"])
    category = await attic.shop.add_category("with-a-picture", image=by_category)
    everything = (by_product, by_category, by_whole_address)
    await attic.later(KEPT * 2)
    assert all([await attic.is_there(url) for url in everything])
    # An archived product comes back with its pictures.
    assert (await attic.shop.call("DELETE", f"/api/products/{product['slug']}")).status == 204
    await attic.later(KEPT * 2)
    assert all([await attic.is_there(url) for url in everything])
    assert (await attic.shop.change(product["slug"], 2, images=[])).status == 200
    assert (await attic.shop.change(other["slug"], 1, images=[])).status == 200
    changed = await attic.shop.call(
        "PATCH", f"/api/categories/{category['slug']}", {"image": None}, If_Match=f'"{category["version"]}"'
    )
    assert changed.status == 200
    await attic.later(timedelta())
    assert all([await attic.is_there(url) for url in everything]), "its time begins only now"
    await attic.later(KEPT * 2)
    assert not any([await attic.is_there(url) for url in everything])


async def test_uploading_it_again_or_referring_to_it_begins_its_time_anew(attic: Attic) -> None:
    again, referred = await attic.picture(), await attic.picture()
    await attic.later(KEPT - timedelta(minutes=1))
    attic.number -= 2
    assert await attic.picture() == again
    product = await attic.shop.add(images=[referred])
    await attic.later(timedelta(minutes=2))
    assert await attic.is_there(again)
    assert await attic.is_there(referred)
    assert (await attic.shop.change(product["slug"], 1, images=[])).status == 200


async def test_one_that_is_being_referred_to_at_this_very_moment_stays(attic: Attic, settings: Settings) -> None:
    """A product's transaction holds its pictures; clearing away passes them over."""
    url = await attic.picture()
    digest = url.split("/")[2].partition("-")[0]
    await attic.database.execute("UPDATE pictures SET unused_since = now() - interval '1 year'")
    async with attic.database.transaction():
        await attic.database.execute("SELECT FROM pictures WHERE digest = $1 FOR UPDATE", digest)
        await attic.pictures.clear_away()
        assert await attic.is_there(url)
    await attic.pictures.clear_away()
    assert not await attic.is_there(url)


async def test_files_that_cannot_be_removed_are_remembered(attic: Attic, settings: Settings) -> None:
    url = await attic.picture()
    await attic.database.execute("UPDATE pictures SET unused_since = now() - interval '1 year'")
    async with Database(settings) as database:
        with pytest.raises(MediaUnavailable):
            await Pictures(database, NoStorage(), Workshop(), 1.0).clear_away()
    assert await attic.is_there(url)
    await attic.pictures.clear_away()
    assert not await attic.is_there(url)
