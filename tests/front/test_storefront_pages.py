"""The storefront as front hands it out: the page, its files, and what a browser is told of both."""

import gzip
import re
from collections.abc import AsyncIterator

import aiohttp
import pytest

from markethall.front.app import create
from markethall.local.nats import EmbeddedNats
from tests.front.neighbours import document
from tests.support.machine import running, settings_for

VISIT = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(scope="module")
async def url(nats: EmbeddedNats) -> AsyncIterator[str]:
    async with running(create, settings_for("front", "", nats)) as address:
        yield address


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Takes what it is given as it comes: nothing is unpacked."""
    async with aiohttp.ClientSession(auto_decompress=False, skip_auto_headers=["Accept-Encoding"]) as session:
        yield session


async def test_every_page_is_the_storefront_and_may_run_no_foreign_script(
    url: str, http: aiohttp.ClientSession
) -> None:
    for path in (
        "/",
        "/categories/toys",
        "/products/bear-ferdinand",
        "/cart",
        "/checkout",
        "/orders/1",
        "/admin/stock/x",
    ):
        async with http.get(url + path, headers=VISIT) as page:
            assert (page.status, page.content_type) == (200, "text/html"), path
            assert page.headers["Cache-Control"] == "no-cache"
            assert page.headers["X-Content-Type-Options"] == "nosniff"
            assert page.headers["Referrer-Policy"] == "same-origin"
            policy = dict(part.strip().split(" ", 1) for part in page.headers["Content-Security-Policy"].split(";"))
            assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
            assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
            text = await page.text()
            assert '<script type="module"' in text
            assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\son\w+=|https?://", text)
        async with http.get(url + path, headers=VISIT | {"If-None-Match": page.headers["ETag"]}) as again:
            assert again.status == 304


async def test_files_that_are_named_by_their_content_are_kept_for_good(url: str, http: aiohttp.ClientSession) -> None:
    async with http.get(url) as page:
        needed = re.findall(r'(?:src|href)="(/assets/[^"]+)"', await page.text())
    assert any(path.endswith(".js") for path in needed)
    assert any(path.endswith(".css") for path in needed)
    for path in needed:
        async with http.get(url + path) as file:
            assert file.status == 200, path
            assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert not re.search(r"text/html|octet-stream", file.headers["Content-Type"])


async def test_files_come_packed_for_whoever_can_unpack_them(url: str, http: aiohttp.ClientSession) -> None:
    async with http.get(url) as page:
        [script] = re.findall(r'src="(/assets/[^"]+\.js)"', await page.text())
    forms: dict[str, bytes] = {}
    for accepted in ("", "gzip", "gzip, deflate, br", "br;q=0, gzip;q=0.5", "br;q=0, gzip;q=0.0"):
        async with http.get(url + script, headers={"Accept-Encoding": accepted} if accepted else {}) as file:
            assert file.headers["Vary"] == "Accept-Encoding"
            forms[accepted] = await file.read()
            encoding = file.headers.get("Content-Encoding", "")
            assert encoding == {"gzip": "gzip", "gzip, deflate, br": "br", "br;q=0, gzip;q=0.5": "gzip"}.get(
                accepted, ""
            )
            assert int(file.headers["Content-Length"]) == len(forms[accepted])
    assert gzip.decompress(forms["gzip"]) == forms[""] == forms["br;q=0, gzip;q=0.0"]
    assert len(forms["gzip, deflate, br"]) < len(forms["gzip"]) < len(forms[""])


async def test_what_is_not_there_is_not_the_storefront(url: str, http: aiohttp.ClientSession) -> None:
    for path in ("/assets/gone-AAAAAAAA.js", "/api/nothing", "/docs/nothing", "/nothing.php"):
        async with http.get(url + path) as answer:
            assert (answer.status, (await document(answer))["code"]) == (404, "not_found"), path
    for path in ("/api/nothing", "/assets/gone-AAAAAAAA.js", "/index.html", "/.env"):
        async with http.get(url + path, headers=VISIT) as answer:
            assert answer.status == 404, path
    async with http.get(url + "/no-such-stall", headers=VISIT) as page:
        assert (page.status, page.content_type) == (404, "text/html")
    async with http.post(url + "/cart") as wrong:
        assert (wrong.status, wrong.headers["Allow"]) == (405, "GET, HEAD")
    async with http.head(url + "/cart", headers=VISIT) as head:
        assert (head.status, await head.read()) == (200, b"")
        assert int(head.headers["Content-Length"]) > 100


async def test_how_it_was_built_is_not_handed_out(url: str, http: aiohttp.ClientSession) -> None:
    for path in ("/built-from", "/index.html.gz", "/assets"):
        async with http.get(url + path) as answer:
            assert answer.status == 404, path
