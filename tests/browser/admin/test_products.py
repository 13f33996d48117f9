"""Products as the shopkeeper makes and changes them."""

import re
import struct
import uuid
import zlib

from playwright.async_api import Page, expect

from tests.browser.admin.desk import look
from tests.support.client import admin
from tests.support.shop import Shop

MARKUP = '<img src=x onerror="document.title=1">'


async def test_a_product_with_options_and_a_picture_is_made_and_sells(page: Page, shop: Shop) -> None:
    name = f"Kite {uuid.uuid4().hex[:6]} {MARKUP}"
    await look(page, "/admin/products/new")
    await page.get_by_role("button", name="Add it to the shop").click()
    await expect(page.get_by_text("This is needed.")).to_be_visible()
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Category").select_option("toys")
    await page.get_by_label("Price, EUR").fill("12,50")
    await page.get_by_role("button", name="Add an option").click()
    await page.get_by_role("textbox", name="Option", exact=True).fill("3.5 size")
    await page.get_by_label("Values, one a line").fill("Small\nLarge")
    await page.get_by_role("button", name="Make all variants").click()
    for place, suffix in enumerate(("S", "L"), start=1):
        await page.get_by_role("group", name=f"Variant {place}").get_by_label("SKU").fill(f"{sku(name)}-{suffix}")
    await page.get_by_role("group", name="Variant 2").get_by_label("Price, EUR").fill("15")
    await page.get_by_label("Upload pictures").set_input_files(
        {"name": "kite.png", "mimeType": "image/png", "buffer": png()}
    )
    await expect(page.get_by_role("img", name="Picture 1")).to_be_visible()
    await page.get_by_role("button", name="Add it to the shop").click()
    await expect(page.get_by_text("Saved. The shop shows it already.")).to_be_visible()
    await expect(page.get_by_role("heading", name=name)).to_be_visible()

    async with admin(shop) as client:
        await client.receive(f"{sku(name)}-L", 1)
        order = (await client.order({f"{sku(name)}-L": 1})).ok(201)
        assert order["status"] == "confirmed"
        assert order["total"]["amount"] == 1500
        assert order["lines"][0]["options"] == {"3.5 size": "Large"}
        slug = page.url.rpartition("/")[2]
        product = (await client.get(f"/api/products/{slug}")).ok()
        assert product["category"] == "toys"
        assert [variant["price"]["amount"] for variant in product["variants"]] == [1250, 1500]
        assert product["images"][0].startswith("/media/")

    await page.get_by_role("button", name="Archive").click()
    await page.get_by_role("dialog").get_by_role("button", name="Archive").click()
    await page.get_by_role("button", name="Sell it again").click()
    await expect(page.get_by_role("link", name="See it in the shop")).to_be_visible()


async def test_whoever_saves_second_is_told_and_chooses(page: Page, shop: Shop) -> None:
    async with admin(shop) as client:
        [number] = await client.product(0)
        found = (await client.get(f"/api/admin/products?query={number}")).ok()
        slug = found["items"][0]["slug"]
        await look(page, f"/admin/products/{slug}")
        await page.get_by_label("Name").wait_for()  # what is edited is of this version
        theirs = f"Theirs {uuid.uuid4().hex[:6]}"
        (await client.call("PATCH", f"/api/products/{slug}", {"name": theirs}, If_Match='"1"')).ok()

        await page.get_by_label("Name").fill("Mine")
        await page.get_by_role("button", name="Save").click()
        dialog = page.get_by_role("dialog", name="Somebody else was faster")
        row = dialog.get_by_role("row", name="Name")
        await expect(row.get_by_role("cell")).to_have_text(["Mine", theirs])
        await dialog.get_by_role("button", name="Go on editing").click()
        await expect(page.get_by_label("Name")).to_have_value("Mine")
        await page.get_by_role("button", name="Save").click()
        await dialog.get_by_role("button", name="Keep mine").click()
        await expect(page.get_by_role("heading", name="Mine")).to_be_visible()
        assert (await client.get(f"/api/products/{slug}")).ok()["name"] == "Mine"

        (await client.call("PATCH", f"/api/products/{slug}", {"name": theirs}, If_Match='"3"')).ok()
        await page.get_by_label("Name").fill("Mine again")
        await page.get_by_role("button", name="Save").click()
        await dialog.get_by_role("button", name="Take theirs").click()
        await expect(page.get_by_label("Name")).to_have_value(theirs)


async def test_what_only_the_other_has_changed_is_kept_with_ones_own(page: Page, shop: Shop) -> None:
    async with admin(shop) as client:
        [number] = await client.product(0)
        slug = (await client.get(f"/api/admin/products?query={number}")).ok()["items"][0]["slug"]
        await look(page, f"/admin/products/{slug}")
        await page.get_by_label("Name").wait_for()
        (await client.call("PATCH", f"/api/products/{slug}", {"description": "Theirs"}, If_Match='"1"')).ok()

        await page.get_by_label("Name").fill("Mine")
        await page.get_by_role("button", name="Save").click()
        dialog = page.get_by_role("dialog", name="Somebody else was faster")
        await expect(dialog.get_by_text("What only they have changed stays as it is now: Description.")).to_be_visible()
        await expect(dialog.get_by_role("rowheader")).to_have_text(["Name"])
        await dialog.get_by_role("button", name="Keep mine").click()
        await expect(page.get_by_role("heading", name="Mine")).to_be_visible()
        product = (await client.get(f"/api/products/{slug}")).ok()
        assert (product["name"], product["description"]) == ("Mine", "Theirs")


async def test_pictures_that_differ_are_shown_and_those_of_others_are_named(page: Page, shop: Shop) -> None:
    async with admin(shop) as client:
        [bear] = (await client.get("/api/products/bear-ferdinand")).ok()["images"]
        [number] = await client.product(0)
        slug = (await client.get(f"/api/admin/products?query={number}")).ok()["items"][0]["slug"]
        await look(page, f"/admin/products/{slug}")
        await page.get_by_label("Name").wait_for()
        theirs = {"images": [bear, "https://elsewhere.example/x.png"]}
        (await client.call("PATCH", f"/api/products/{slug}", theirs, If_Match='"1"')).ok()

        await page.get_by_label("Upload pictures").set_input_files(
            {"name": "kite.png", "mimeType": "image/png", "buffer": png()}
        )
        await expect(page.get_by_role("img", name="Picture 1")).to_be_visible()
        await page.get_by_role("button", name="Save").click()
        dialog = page.get_by_role("dialog", name="Somebody else was faster")
        cells = dialog.get_by_role("row", name="Pictures").get_by_role("cell")
        mine, other = cells.first, cells.last
        await expect(mine).to_have_text("")
        await expect(mine.get_by_role("img", name="Picture 1")).to_have_attribute("src", re.compile("^/media/"))
        await expect(other).to_have_text("https://elsewhere.example/x.png")
        await expect(other.get_by_role("img", name="Picture 1")).to_have_attribute("src", bear)


async def test_why_a_product_is_not_taken_is_seen_however_far_from_the_button(page: Page, shop: Shop) -> None:
    await page.set_viewport_size({"width": 360, "height": 640})
    await look(page, "/admin/products/new")
    for label, text in {"Address": "bear-ferdinand", "SKU": "BEAR-1", "Price, EUR": "5", "Name": "Bear"}.items():
        await page.get_by_label(label).fill(text)
    await page.get_by_label("Name").press("Enter")
    await expect(page.get_by_text("This address is taken already.")).to_be_in_viewport(ratio=1)


async def test_a_category_is_added_below_another_and_goes_again(page: Page) -> None:
    name = f"Puppets {uuid.uuid4().hex[:6]}"
    await look(page, "/admin/categories")
    await page.get_by_role("button", name="Add a category").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill(name)
    await dialog.get_by_label("Below").select_option("toys")
    await dialog.get_by_role("button", name="Save").click()
    await page.get_by_role("button", name=f"Remove {name}").click()
    await dialog.get_by_role("button", name="Remove").click()
    await expect(page.get_by_role("rowheader", name=name)).to_have_count(0)


def sku(name: str) -> str:
    return f"KITE-{name.split()[1].upper()}"


def png() -> bytes:
    """A small red picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\x00" + b"\xc8\x39\x1f" * 64 for _ in range(64))
    head = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
