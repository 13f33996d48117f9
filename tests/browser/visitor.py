"""What a visitor does in a browser, said once."""

import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page, Playwright, expect

from tests.support.shop import Shop

PATIENCE_MS = 20_000
FAILED_LOAD = re.compile(r"Failed to load resource")
"""Said of every answer that is no 2xx; what the page makes of those is tested."""
DELIVERY = {"E-mail": "ada@example.org", "Name": "Ada", "Street": "Markt 1", "Postal": "89073", "City": "Ulm"}


async def launch(playwright: Playwright) -> Browser:
    """Debian's Chromium where it is installed, else Playwright's own."""
    path = shutil.which("chromium")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    return await playwright.chromium.launch(executable_path=path, args=arguments)


@asynccontextmanager
async def visitor(
    browser: Browser, shop: Shop, *, width: int = 1280, scheme: Any = "light", language: str = "en-GB"
) -> AsyncIterator[Page]:
    """A new visitor with a page of the shop. Errors of scripts, and what the page's policy forbids, fail the test."""
    context = await browser.new_context(
        base_url=shop.url,
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        locale=language,
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    errors: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and not FAILED_LOAD.search(message.text):
            errors.append(message.text)

    context.on("console", hear)
    context.on("weberror", lambda error: errors.append(str(error.error)))
    try:
        yield await context.new_page()
        assert errors == []
    finally:
        await context.close()


async def put_into_cart(page: Page, slug: str, *, sku: str | None = None) -> None:
    """And closes the drawer again."""
    await page.goto(f"/products/{slug}" + (f"?sku={sku}" if sku else ""))
    await page.get_by_role("button", name="Put into the cart").click()
    drawer = page.get_by_role("dialog", name="Your cart")
    await expect(drawer.get_by_role("link", name="To the checkout")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(drawer).to_be_hidden()


async def fill_delivery(page: Page) -> None:
    """On the page of the checkout, all that is asked for."""
    for label, text in DELIVERY.items():
        await page.get_by_label(label).first.fill(text)
    await page.get_by_label("Country").select_option("DE")


async def register(page: Page, email: str, password: str = "a-good-password") -> None:
    await page.goto("/register")
    await page.get_by_label("Name").fill("Ada Lovelace")
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Open an account").click()
    await expect(page.get_by_role("heading", name="Hello, Ada Lovelace")).to_be_visible()


async def sign_in(page: Page, email: str, password: str = "a-good-password") -> None:
    await page.goto("/sign-in")
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Hello")).to_be_visible()


async def sign_out(page: Page) -> None:
    await page.goto("/account")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("link", name="Sign in").first).to_be_visible()


async def painted(page: Page) -> None:
    """What is in the page now has been drawn: nobody presses a key on what he cannot see yet, and the list that is
    drawn just then loses it."""
    await page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
