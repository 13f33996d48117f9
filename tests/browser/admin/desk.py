"""The shopkeeper's desk: Debian's Chromium on the pages of a running shop."""

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.support.shop import Shop

ROOT = Path(__file__).parents[3]
AXE = ROOT / "storefront" / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE_MS = 40_000
expect.set_options(timeout=PATIENCE_MS)
# axe itself is put in by the test, past the page's policy: what it finds is of the page.
RUN_AXE = "axe.run().then(({violations}) => violations.map(({id, nodes}) => ({id, nodes: nodes.map((n) => n.html)})))"


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    program = shutil.which("chromium")
    assert program is not None, "scripts/machine installs chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def visitor(browser: Browser, shop: Shop, **looks: Any) -> AsyncIterator[BrowserContext]:
    """A browser of its own; what its pages complain of fails the test at the end."""
    context = await browser.new_context(base_url=shop.url, **{"locale": "en-GB", **looks})
    context.set_default_timeout(PATIENCE_MS)
    thrown: list[str] = []
    context.on("weberror", lambda error: thrown.append(str(error.error)))
    context.on("console", lambda message: "Content Security Policy" in message.text and thrown.append(message.text))
    try:
        yield context
    finally:
        await context.close()
    assert not thrown, thrown


async def sign_in(context: BrowserContext, shop: Shop, email: str | None = None, password: str | None = None) -> None:
    """With the cookies that the shop sets; the shopkeeper, if nobody else is named."""
    body = {"email": email or shop.admin_email, "password": password or shop.admin_password}
    answer = await context.request.post("/api/sessions", data=body, headers={"X-Session": "cookie"})
    assert answer.status == 201, await answer.text()


async def look(page: Page, path: str) -> None:
    """Open a page; returns when it has a heading."""
    await page.goto(path)
    await page.locator("main h1").first.wait_for()


async def violations(page: Page) -> list[str]:
    """What axe-core objects to."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text())
    return [json.dumps(found) for found in await page.evaluate(RUN_AXE)]
