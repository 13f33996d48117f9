"""Who keeps the shop."""

from playwright.async_api import Browser, Page, expect

from tests.browser.admin.desk import look, sign_in, visitor
from tests.support.client import Client
from tests.support.shop import Shop

REFUSED = "This part is for shopkeepers"


async def test_a_customer_is_made_shopkeeper_and_customer_again(browser: Browser, page: Page, shop: Shop) -> None:
    async with Client(shop.url) as client:
        customer = await client.register()
    email, password = customer["email"], customer["password"]
    async with visitor(browser, shop) as context:
        await sign_in(context, shop, email, password)
        theirs = await context.new_page()
        await look(theirs, "/admin/orders")
        await expect(theirs.get_by_role("heading", name=REFUSED)).to_be_visible()

        await look(page, "/admin/customers")
        await page.get_by_label("Part of the name or e-mail").fill(email)
        await expect(page.locator("tbody tr")).to_have_count(1)
        row = page.get_by_role("row").filter(has_text=email)
        await expect(row.get_by_text("Customer", exact=True)).to_be_visible()
        await change_role(page, email, "Make shopkeeper")
        await expect(row.get_by_text("Shopkeeper", exact=True)).to_be_visible()

        # It counts at once, without signing in anew.
        await theirs.reload()
        await expect(theirs.get_by_role("heading", name="Orders")).to_be_visible()
        await expect(theirs.locator("main table").or_(theirs.get_by_text("Nobody has ordered yet."))).to_be_visible()

        await change_role(page, email, "Make customer")
        await expect(row.get_by_text("Customer", exact=True)).to_be_visible()
        # What asks accounts is refused at once; the rest when the session is renewed, and with a new one.
        assert (await context.request.get("/api/users")).status == 403
    async with visitor(browser, shop) as context:
        await sign_in(context, shop, email, password)
        assert (await context.request.get("/api/admin/orders")).status == 403
        theirs = await context.new_page()
        await look(theirs, "/admin/orders")
        await expect(theirs.get_by_role("heading", name=REFUSED)).to_be_visible()


async def change_role(page: Page, email: str, words: str) -> None:
    await page.get_by_role("button", name=f"{words}: {email}").click()
    dialog = page.get_by_role("dialog", name=words)
    await expect(dialog.get_by_text(email)).to_be_visible()
    await dialog.get_by_role("button", name=words).click()
    await expect(dialog).to_have_count(0)
