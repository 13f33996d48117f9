"""A part is away while pages are open: a notice in plain words and a retry, never a blank page.

Runs: each part in turn is frozen, so that the supervisor does not replace it at once. Success: pages show what
docs/failure-model.md says that the buyer sees, and go on by themselves when the part is back.
"""

import asyncio
import re
import uuid

from playwright.async_api import Browser, expect

from tests.browser.visitor import fill_delivery, put_into_cart, register, visitor
from tests.support.away import away
from tests.support.shop import Shop

PATIENCE_MS = 60_000
"""A part that was frozen is ended and started anew."""
THANKS = "Thank you! It is yours"


async def test_without_catalog_what_is_known_is_shown_and_sold(browser: Browser, hall: Shop) -> None:
    async with visitor(browser, hall) as page, visitor(browser, hall) as searching:
        await put_into_cart(page, "bear-ferdinand", sku="SOF-01-HONE")
        async with away(hall, "catalog"):
            await searching.goto("/search?query=puzzle")
            await expect(searching.get_by_text("The shelves cannot be shown just now")).to_be_visible()
            await page.goto("/products/bear-ferdinand")
            await expect(page.get_by_role("heading", name="Bear Ferdinand")).to_be_visible()
            await expect(page.get_by_text("What you see is from a moment ago")).to_be_visible()
            await page.goto(f"/products/{uuid.uuid4().hex}")
            await expect(page.get_by_text("This page cannot be shown just now")).to_be_visible()
            await expect(page.get_by_role("button", name="Try again")).to_be_visible()
            await page.goto("/checkout")
            await fill_delivery(page)
            await page.get_by_role("button", name="Buy for").click()
            await expect(page.get_by_role("heading", name=THANKS)).to_be_visible()
        await expect(searching.get_by_role("article").first).to_be_visible(timeout=PATIENCE_MS)


async def test_an_open_page_says_for_how_long_catalog_was_away(browser: Browser, hall: Shop) -> None:
    async with visitor(browser, hall) as page:
        await page.goto("/products/fox-matilda")
        await expect(page.get_by_role("button", name="Put into the cart")).to_be_enabled()
        old = page.get_by_text("What you see is from a moment ago")
        async with away(hall, "catalog"):
            await expect(old).to_be_visible()
            # Only where there is something old.
            await page.get_by_role("link", name="Sign in").click()
            await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
            await expect(old).to_be_hidden()
            await page.go_back()
            await expect(old).to_be_visible()
        await expect(old).to_be_hidden(timeout=PATIENCE_MS)


async def test_a_page_that_was_opened_meanwhile_becomes_new_by_itself(browser: Browser, hall: Shop) -> None:
    async with visitor(browser, hall) as page, visitor(browser, hall) as other:
        await put_into_cart(other, "fox-matilda")
        await page.goto("/")
        await expect(page.get_by_role("article").first).to_be_visible()
        async with away(hall, "catalog"):
            await page.goto("/")
            await other.goto("/cart")
            for each in (page, other):
                await expect(each.get_by_text("What you see is from a moment ago")).to_be_visible()
        for each in (page, other):
            await expect(each.get_by_text("What you see is from a moment ago")).to_be_hidden(timeout=PATIENCE_MS)


async def test_without_inventory_an_order_waits_and_settles_by_itself(browser: Browser, hall: Shop) -> None:
    async with visitor(browser, hall) as page:
        await put_into_cart(page, "rabbit-clementine")
        await page.goto("/checkout")
        await fill_delivery(page)
        async with away(hall, "inventory"):
            await page.get_by_role("button", name="Buy for").click()
            await expect(page.get_by_role("heading", name="We are reserving your things")).to_be_visible()
        await expect(page.get_by_role("heading", name=THANKS)).to_be_visible(timeout=PATIENCE_MS)


async def test_without_orders_nothing_is_bought_twice_and_browsing_goes_on(browser: Browser, hall: Shop) -> None:
    async with visitor(browser, hall) as page:
        keys: set[str] = set()

        def hear(key: str | None) -> None:
            if key:
                keys.add(key)

        page.on("request", lambda request: hear(request.headers.get("idempotency-key")))
        await put_into_cart(page, "owl-professor-plum")
        await page.goto("/checkout")
        await fill_delivery(page)
        async with away(hall, "orders"):
            await page.get_by_role("button", name="Buy for").click()
            await expect(page.get_by_text("We do not know yet whether your order arrived")).to_be_visible(
                timeout=PATIENCE_MS
            )
            other = await page.context.new_page()
            await other.goto("/products/owl-professor-plum")
            await expect(other.get_by_role("heading", name="Owl Professor Plum")).to_be_visible()
            await other.goto("/cart")
            await expect(other.get_by_text("The cart cannot be reached just now")).to_be_visible()
            await other.close()
        await expect(page.get_by_role("heading", name=THANKS)).to_be_visible(timeout=PATIENCE_MS)
        assert len(keys) == 1
        await page.goto("/orders")
        await expect(page.get_by_role("link", name=re.compile(r"^Order \d"))).to_have_count(1)


async def test_without_accounts_whoever_is_signed_in_stays_so(browser: Browser, hall: Shop) -> None:
    async with visitor(browser, hall) as page, visitor(browser, hall) as guest:
        await register(page, f"{uuid.uuid4().hex}@example.org")
        async with away(hall, "accounts"):
            await page.goto("/account")
            await expect(page.get_by_role("heading", name="Hello, Ada Lovelace")).to_be_visible()
            await put_into_cart(page, "fox-matilda")
            await page.goto("/checkout")
            await fill_delivery(page)
            await page.get_by_role("button", name="Buy for").click()
            await expect(page.get_by_role("heading", name=THANKS)).to_be_visible()
            await guest.goto("/sign-in")
            await guest.get_by_label("E-mail").fill("ada@example.org")
            await guest.get_by_label("Password").fill("a-good-password")
            await guest.get_by_role("button", name="Sign in").click()
            await expect(guest.get_by_text("whoever is signed in stays so")).to_be_visible()
        await page.goto("/orders")
        await expect(page.get_by_role("link", name=re.compile(r"^Order \d"))).to_have_count(1)


async def test_without_a_front_an_open_page_says_so_and_goes_on(browser: Browser, hall: Shop) -> None:
    async with visitor(browser, hall) as page:
        await page.goto("/categories/candy")
        await expect(page.get_by_role("article").first).to_be_visible()
        # Links that were not followed yet: their pages' scripts are there, their products are not.
        await page.get_by_role("article").first.get_by_role("link").click()
        await expect(page.get_by_role("button", name="Put into the cart")).to_be_visible()
        await page.go_back()
        await expect(page.get_by_role("article").first).to_be_visible()
        await asyncio.to_thread(hall.kill, "front")
        await page.get_by_role("article").last.get_by_role("link").click()
        await expect(page.get_by_role("button", name="Put into the cart")).to_be_visible(timeout=PATIENCE_MS)


async def test_without_a_connection_the_page_stays_and_goes_on(browser: Browser, hall: Shop) -> None:
    """The page behind a link is a script that was not loaded yet; the browser's own page of errors has no way back."""
    async with visitor(browser, hall) as page:
        await page.goto("/categories/candy")
        link = page.get_by_role("article").first.get_by_role("link")
        await expect(link).to_be_visible()
        await page.wait_for_load_state("networkidle")
        await page.context.set_offline(True)
        # What is loaded ahead of a click may fail unnoticed.
        async with page.expect_event("requestfailed", lambda request: "CartDrawer" in request.url):
            await page.get_by_role("button", name="Open the cart").hover()
        await link.click()
        await expect(page.get_by_text("The shop cannot be reached")).to_be_visible()
        await expect(page.get_by_role("button", name="Try again")).to_be_visible()
        await page.context.set_offline(False)
        await expect(page.get_by_role("button", name="Put into the cart")).to_be_visible()
        # And again, a moment later.
        await page.goto("/categories/candy")
        await expect(link).to_be_visible()
        await page.context.set_offline(True)
        await page.get_by_role("link", name="Sign in").click()
        await expect(page.get_by_text("The shop cannot be reached")).to_be_visible()
        await page.context.set_offline(False)
        await expect(page.get_by_label("Password")).to_be_visible()


async def test_a_page_from_before_an_upgrade_is_loaded_anew(browser: Browser, hall: Shop) -> None:
    """Its scripts are gone. Where that does not help either it is said, and not tried without end."""
    async with visitor(browser, hall) as page:
        await page.goto("/categories/candy")
        link = page.get_by_role("article").first.get_by_role("link")
        await expect(link).to_be_visible()
        gone = "**/assets/ProductPage-*.js"
        loads: list[str] = []
        page.on("load", lambda page: loads.append(page.url))
        await page.route(gone, lambda route: route.fulfill(status=404))
        await link.click()
        await expect(page.get_by_text("This page broke")).to_be_visible()
        assert len(loads) == 1
        await page.unroute(gone)
        await page.get_by_role("button", name="Load it again").click()
        await expect(page.get_by_role("button", name="Put into the cart")).to_be_visible()
