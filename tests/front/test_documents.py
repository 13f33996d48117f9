"""The API document and the page to try it on."""

import re
from collections.abc import AsyncIterator

import aiohttp
import pytest

from markethall.front.app import create
from markethall.local.nats import EmbeddedNats
from tests.front.neighbours import document
from tests.support.machine import running, settings_for


@pytest.fixture(scope="module")
async def url(nats: EmbeddedNats) -> AsyncIterator[str]:
    async with running(create, settings_for("front", "", nats)) as address:
        yield address


async def test_the_whole_public_api_is_described(url: str) -> None:
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{url}/openapi.json") as answer:
            described = await document(answer)
            assert {"/api/products", "/api/stock/{sku}", "/api/orders", "/api/users"} <= described["paths"].keys()
        async with http.get(f"{url}/openapi.json", headers={"If-None-Match": answer.headers["ETag"]}) as again:
            assert again.status == 304
        async with http.post(f"{url}/openapi.json") as wrong:
            assert (wrong.status, wrong.headers["Allow"]) == (405, "GET, HEAD")


async def test_the_page_asks_no_other_host(url: str) -> None:
    """All that it loads is here, and the browser is told to load nothing else."""
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{url}/docs") as answer:
            page = await answer.text()
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        needed = re.findall(r'(?:src|href)="([^"]+)"', page)
        assert len(needed) >= 3
        for path in needed:
            async with http.get(url + path) as part:
                assert part.status == 200
                assert not re.search(r"https?://", await part.text()) or path == "/openapi.json"
