"""A backup holds the pictures that its databases refer to.

Runs: a shop with a product and its picture, a backup, a restore, and the restored shop. Success: it shows the same
bytes at the same address, and the old shop's folder is not needed for it.
"""

import asyncio
import shutil
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
from PIL import Image

from tests.support.client import AdminClient
from tests.support.shop import Shop, running_shop

pytestmark = pytest.mark.journey


async def shown(shop: Shop, url: str) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as http, http.get(shop.url + url) as answer:
        return answer.status, await answer.read()


async def test_a_restored_shop_has_its_pictures(tmp_path: Path) -> None:
    data, backup, restored = tmp_path / "data", tmp_path / "backup", tmp_path / "restored"
    file = BytesIO()
    Image.linear_gradient("L").save(file, "PNG")
    with running_shop(data, "--no-demo") as shop:
        async with AdminClient(shop) as shopkeeper:
            made = (await shopkeeper.call("POST", "/api/media", raw=file.getvalue())).ok(201)
            await shopkeeper.product(5)
            [item] = (await shopkeeper.get("/api/products")).ok(200)["items"]
            change = {"images": [made["url"]]}
            path = f"/api/products/{item['slug']}"
            (await shopkeeper.call("PATCH", path, change, If_Match='"1"')).ok(200)
            pictures = {size["url"]: await shown(shop, size["url"]) for size in made["sizes"]}
            assert {status for status, _ in pictures.values()} == {200}
        (data / "media" / made["url"][7:9] / ".640.webp.unfinished").write_bytes(b"by a crash")
        done = await asyncio.to_thread(shop.run, "backup", "--data", str(data), "--to", str(backup))
        assert done.returncode == 0, done.stderr
        assert shop.stop() == 0
    assert not list((backup / "media").rglob(".*"))
    shutil.rmtree(data)
    done = await asyncio.to_thread(shop.run, "restore", "--from", str(backup), "--data", str(restored))
    assert done.returncode == 0, done.stderr
    with running_shop(restored, "--no-demo") as shop:
        async with AdminClient(shop) as shopkeeper:
            [item] = (await shopkeeper.get("/api/products")).ok(200)["items"]
            assert item["image"] == made["url"]
        for url, picture in pictures.items():
            assert await shown(shop, url) == picture
        assert shop.stop() == 0
