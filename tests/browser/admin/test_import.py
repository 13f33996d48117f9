"""Products from a file, and the figures of what was sold."""

import hashlib
import uuid
from pathlib import Path

from playwright.async_api import Browser, FilePayload, Page, expect

from tests.browser.admin.desk import look, sign_in, visitor
from tests.support.client import Client, admin
from tests.support.machine import eventually
from tests.support.shop import Shop, running_shop


async def test_a_file_is_looked_at_first_and_then_taken(page: Page, shop: Shop) -> None:
    slug, sku = f"lamp-{uuid.uuid4().hex[:8]}", f"LAMP-{uuid.uuid4().hex[:8]}"
    head = "product,name,category,sku,price,stock\n"
    await look(page, "/admin/import")
    await page.get_by_label("A CSV file").set_input_files(file(f"{head}{slug},A lamp,Lamps,{sku},dear,4\n"))
    await expect(page.get_by_text("wares.csv has 1 mistake; nothing was taken")).to_be_visible()
    await expect(page.get_by_role("row", name="2").get_by_role("cell", name="price", exact=True)).to_be_visible()

    await page.get_by_label("A CSV file").set_input_files(file(f"{head}{slug},<i>Lamp</i>,Lamps,{sku},12.50,4\n"))
    await expect(page.get_by_role("row", name="<i>Lamp</i>").get_by_text("Is added")).to_be_visible()
    async with admin(shop) as client:
        assert (await client.get(f"/api/products/{slug}")).status == 404
        await page.get_by_role("button", name="Take 1 product").click()
        await expect(page.get_by_text("1 product was taken")).to_be_visible()
        assert (await client.get(f"/api/products/{slug}")).ok()["variants"][0]["price"]["amount"] == 1250
        assert (await client.stock(sku))["on_hand"] == 4


async def test_a_file_is_taken_as_the_bytes_that_it_is(page: Page, shop: Shop) -> None:
    """Not as the text that a browser makes of it: letters would be lost, and the same file would count as another."""
    name = uuid.uuid4().hex[:8]
    head = "product,name,sku,price,stock\n"
    await look(page, "/admin/import")
    chooser = page.get_by_label("A CSV file")
    await chooser.set_input_files(file(f"{head}door-{name},Tür,DOOR-{name},12.50,4\n", "latin-1"))
    await expect(page.get_by_role("row", name="2").get_by_text("is not UTF-8")).to_be_visible()

    marked = file(f"{head}door-{name},Tür,DOOR-{name},12.50,4\n", "utf-8-sig")
    await chooser.set_input_files(marked)
    await page.get_by_role("button", name="Take 1 product").click()
    await expect(page.get_by_text("1 product was taken")).to_be_visible()
    async with admin(shop) as client:
        [receipt] = (await client.get(f"/api/stock/DOOR-{name}/movements")).ok()["items"]
        # As `markethall load catalog` names the file.
        assert receipt["reference"] == f"catalog:{hashlib.sha256(marked['buffer']).hexdigest()[:32]}"
        await chooser.set_input_files(marked)
        await expect(page.get_by_text("from this very file before does not come again")).to_be_visible()
        await page.get_by_role("button", name="Take 1 product").click()
        await expect(page.get_by_text("1 product was taken")).to_be_visible()
        assert (await client.stock(f"DOOR-{name}"))["on_hand"] == 4


async def test_mistakes_are_told_in_the_language_of_the_browser(browser: Browser, shop: Shop) -> None:
    head = "product,name,sku,price,stock,colour\n"
    lines = "".join(f"stuhl-{n},Stuhl,STUHL-{n},1.2.3,viele\n" for n in range(120))
    async with visitor(browser, shop, locale="de-DE") as context:
        await sign_in(context, shop)
        page = await context.new_page()
        await look(page, "/admin/import")
        chooser = page.get_by_label("CSV-Datei")
        await chooser.set_input_files(file(f"{head}{lines}"))
        unknown = page.get_by_role("row").filter(has_text="colour")
        await expect(unknown.get_by_text("So eine Spalte gibt es nicht.")).to_be_visible()
        await chooser.set_input_files(file(f"{head}{lines}".replace(",colour", "")))
        wrong = page.get_by_role("row").filter(has_text="„1.2.3“ ist kein Betrag wie 15.99.")
        await expect(wrong.first).to_be_visible()
        await expect(page.get_by_text("Die ersten 100 von 240 Fehlern sind gezeigt.")).to_be_visible()

        gone, sku = f"weg-{uuid.uuid4().hex[:8]}", f"STUHL-{uuid.uuid4().hex[:8]}"
        # A category that is gone by the time that the product is added.
        async with admin(shop) as client:
            (await client.post("/api/categories", {"name": gone, "slug": gone})).ok(201)
            await look(page, "/admin/products/new")
            await page.get_by_label("Name", exact=True).fill("Stuhl")
            await page.get_by_label("Preis, EUR").fill("1,00")
            await page.get_by_role("group", name="Variante 1").get_by_label("Artikelnummer").fill(sku)
            await page.get_by_label("Kategorie").select_option(gone)
            (await client.call("DELETE", f"/api/categories/{gone}", If_Match='"1"')).ok(204)
        await page.get_by_role("button", name="In den Laden stellen").click()
        await expect(page.get_by_text(f"Kategorie: Eine Kategorie „{gone}“ gibt es nicht.")).to_be_visible()


async def test_what_is_sold_shows_in_the_overview(browser: Browser, tmp_path: Path) -> None:
    """In a shop of its own: in a busy one other goods are at the top."""
    with running_shop(tmp_path / "data", "--no-demo") as shop:
        async with admin(shop) as client:
            [sku] = await client.product(500, price=99_900)
            (await client.order({sku: 400})).ok(201)
            await client.order({sku: 400})
            [gone] = await client.product(0)
            await refused_at_once(client, gone)
        async with visitor(browser, shop) as shopkeeper:
            await sign_in(shopkeeper, shop)
            await see_what_was_sold(await shopkeeper.new_page(), sku)


async def refused_at_once(client: Client, sku: str) -> None:
    """By the front itself, which knows that it is sold out."""

    async def is_refused_by_front() -> bool:
        reply = await client.call("POST", "/api/orders", {"lines": [{"sku": sku, "quantity": 1}]})
        return "sold-out" in reply.headers.get("Cache-Status", "")

    await eventually(is_refused_by_front)


async def see_what_was_sold(page: Page, sku: str) -> None:
    await look(page, "/admin?by=revenue")
    best = page.get_by_role("region", name="Best sellers").get_by_role("row").filter(has_text=sku)
    await expect(best.get_by_role("cell", name="€399,600.00")).to_be_visible()
    short = page.get_by_role("region", name="Rejected for want of stock").get_by_role("row").filter(has_text=sku)
    await expect(short).to_be_visible()
    await expect(page.get_by_text("1 order for what was known to be sold out was refused at once")).to_be_visible()
    await page.locator("summary").click()
    await expect(page.get_by_role("table", name="The same as a table")).to_be_visible()
    await page.get_by_label("Period").select_option("week")
    await expect(page.get_by_role("heading", name="Sales by the day")).to_be_visible()
    assert "period=week" in page.url
    await expect(page.locator("details tbody tr")).to_have_count(7)


def file(csv: str, encoding: str = "utf-8") -> FilePayload:
    return {"name": "wares.csv", "mimeType": "text/csv", "buffer": csv.encode(encoding)}
