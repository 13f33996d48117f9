"""Every page of the back office: nothing for axe-core to object to, at any width, by day and by night."""

from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.browser.admin.desk import look, sign_in, violations, visitor
from tests.support.client import admin
from tests.support.shop import Shop

PAGES = (
    "/admin",
    "/admin/orders",
    "/admin/products",
    "/admin/products/new",
    "/admin/import",
    "/admin/categories",
    "/admin/stock",
    "/admin/customers",
    "/admin/system",
)
WIDE: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"}
NARROW: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}


@pytest.mark.parametrize("looks", [WIDE, NARROW], ids=["wide by day", "narrow by night"])
async def test_axe_finds_nothing_and_nothing_is_wider_than_the_page(
    browser: Browser, shop: Shop, looks: dict[str, Any]
) -> None:
    async with admin(shop) as client:
        [sku] = await client.product(3)
        order = (await client.order({sku: 1})).ok(201)
        slug = (await client.get(f"/api/admin/products?query={sku}")).ok()["items"][0]["slug"]
    async with visitor(browser, shop, **looks) as context:
        await sign_in(context, shop)
        page = await context.new_page()
        for path in (*PAGES, f"/admin/orders/{order['id']}", f"/admin/products/{slug}", f"/admin/stock/{sku}"):
            await look(page, path)
            await expect(page.locator("main table:visible, main form:visible, main pre:visible").first).to_be_visible()
            assert await violations(page) == [], path
            assert await page.evaluate("document.documentElement.scrollWidth") <= looks["viewport"]["width"], path
        await page.goto("/admin/stock")
        await page.get_by_role("button", name="Receive").first.click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        assert await violations(page) == []


async def test_what_cannot_be_had_is_said_in_plain_words_and_tried_again(browser: Browser, shop: Shop) -> None:
    async with visitor(browser, shop) as context:
        await sign_in(context, shop)
        page = await context.new_page()
        await page.route("**/api/admin/orders?*", lambda route: route.abort())
        await look(page, "/admin/orders")
        await expect(page.get_by_text("The shop cannot be reached.")).to_be_visible()
        await page.unroute("**/api/admin/orders?*")
        await page.get_by_role("button", name="Try again").click()
        await expect(page.get_by_text("The shop cannot be reached.")).to_have_count(0)
        await expect(page.locator("main table")).to_be_visible()


async def test_it_speaks_german_to_a_german_browser(browser: Browser, shop: Shop) -> None:
    async with visitor(browser, shop, locale="de-DE") as context:
        await sign_in(context, shop)
        page = await context.new_page()
        await look(page, "/admin/orders")
        await expect(page.get_by_role("heading", name="Bestellungen")).to_be_visible()
        await expect(page.get_by_role("link", name="Lager")).to_be_visible()
