"""Who may see the back office."""

from playwright.async_api import Browser, expect

from tests.browser.admin.desk import look, sign_in, violations, visitor
from tests.support.client import Client
from tests.support.shop import Shop


async def test_a_guest_is_told_to_sign_in_and_nothing_of_the_back_office_is_asked_for(
    browser: Browser, shop: Shop
) -> None:
    async with visitor(browser, shop) as context:
        page = await context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await look(page, "/admin/orders")
        await expect(page.get_by_role("heading", name="This part is for shopkeepers")).to_be_visible()
        await expect(page.get_by_role("main").get_by_role("link", name="Sign in")).to_be_visible()
        assert not any("/api/admin" in url for url in asked)
        assert await violations(page) == []


async def test_a_customer_without_the_role_is_refused(browser: Browser, shop: Shop) -> None:
    async with Client(shop.url) as client:
        customer = await client.register()
    async with visitor(browser, shop) as context:
        await sign_in(context, shop, customer["email"], customer["password"])
        page = await context.new_page()
        await look(page, "/admin")
        await expect(page.get_by_role("heading", name="This part is for shopkeepers")).to_be_visible()
        await expect(page.get_by_role("navigation", name="Back office")).to_have_count(0)
        answer = await context.request.get("/api/admin/orders")
        assert answer.status == 403
