"""Orders as they come in, and goods as they come in."""

from playwright.async_api import Page, expect

from tests.browser.admin.desk import look
from tests.support.client import admin
from tests.support.shop import Shop


async def test_an_order_appears_by_itself_and_is_fulfilled_from_the_list(page: Page, shop: Shop) -> None:
    async with admin(shop) as client:
        [sku] = await client.product(5)
        await look(page, f"/admin/orders?sku={sku}")
        await expect(page.get_by_text("No order is like that.")).to_be_visible()
        order = (await client.order({sku: 2})).ok(201)
        row = page.get_by_role("row", name=f"Order {order['number']}")
        await expect(row.get_by_text("To be sent")).to_be_visible()
        await row.get_by_role("button", name=f"Fulfil order {order['number']}").click()
        await expect(row.get_by_text("Sent", exact=True)).to_be_visible()
        assert (await client.get(f"/api/orders/{order['id']}")).ok()["status"] == "fulfilled"
        assert (await client.stock(sku))["on_hand"] == 3

        await row.get_by_role("link").click()
        await expect(page.get_by_role("listitem").filter(has_text="Left the warehouse")).to_be_visible()


async def test_a_cancelled_order_gives_its_goods_back(page: Page, shop: Shop) -> None:
    async with admin(shop) as client:
        [sku] = await client.product(1)
        order = (await client.order({sku: 1})).ok(201)
        await look(page, f"/admin/orders/{order['id']}")
        await page.get_by_role("button", name="Cancel the order").click()
        await page.get_by_role("dialog").get_by_role("button", name="Cancel the order").click()
        await expect(page.get_by_role("main").get_by_text("Cancelled")).to_be_visible()
        assert (await client.settled(order["id"]))["status"] == "cancelled"


async def test_received_goods_show_in_the_ledger_with_their_balance(page: Page, shop: Shop) -> None:
    async with admin(shop) as client:
        [sku] = await client.product(2)
        await look(page, f"/admin/stock?query={sku}")
        await page.get_by_role("button", name=f"Receive {sku}").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Quantity").fill("0")
        await dialog.get_by_role("button", name="Book it").click()
        await expect(dialog.get_by_text("A whole number, and not zero.")).to_be_visible()
        await dialog.get_by_label("Quantity").fill("7")
        await dialog.get_by_label("Reference").fill("<b>PO-17</b>")
        await page.keyboard.press("Enter")
        await expect(dialog).to_have_count(0)
        await page.get_by_role("link", name=sku).click()
        row = page.get_by_role("row").filter(has_text="<b>PO-17</b>")
        await expect(row.get_by_role("cell", name="(+7) 9")).to_be_visible()
        assert (await client.stock(sku))["on_hand"] == 9
