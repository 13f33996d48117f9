"""Every page in every look: usable by all, nothing that does not fit, nothing that the page's policy forbids."""

import asyncio
import re
import uuid
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.browser.visitor import fill_delivery, painted, put_into_cart, register, sign_in, visitor
from tests.support.client import AdminClient
from tests.support.machine import eventually
from tests.support.shop import Shop

AXE = Path(__file__).parents[2] / "storefront" / "node_modules" / "axe-core" / "axe.min.js"

Way = Callable[[Page], Coroutine[Any, Any, None]]


async def violations(page: Page) -> list[str]:
    """What axe-core finds; each with the first place."""
    await page.evaluate(AXE.read_text())
    found = (await page.evaluate("axe.run({ resultTypes: ['violations'] })"))["violations"]
    return [f"{page.url} {one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}" for one in found]


async def overflow(page: Page) -> int:
    """Pixels that the page is wider than its window."""
    return int(await page.evaluate("Math.max(0, document.documentElement.scrollWidth - window.innerWidth)"))


async def home(page: Page) -> None:
    await page.goto("/")
    await expect(page.get_by_role("article")).to_have_count(8)
    await expect(page.locator("main section li a").first).to_be_visible()


async def category(page: Page) -> None:
    await page.goto("/categories/clothing")
    await expect(page.get_by_role("article").first).to_be_visible()


async def found(page: Page) -> None:
    await page.goto("/search?query=wood")
    await expect(page.get_by_role("article").first).to_be_visible()


async def suggesting(page: Page) -> None:
    await page.goto("/")
    await page.get_by_label("Search the hall").click()
    await page.keyboard.type("wood")
    await expect(page.get_by_role("option", name="Wooden Railway")).to_be_visible()


async def product(page: Page) -> None:
    await page.goto("/products/t-shirt-tin-robot")
    await expect(page.get_by_role("radio", name="XL")).to_be_visible()
    await expect(page.get_by_text("in stock")).to_be_visible()


async def drawer(page: Page) -> None:
    await page.get_by_role("button", name="Put into the cart").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("link", name="To the checkout")).to_be_visible()
    assert await dialog.evaluate("(dialog) => dialog.offsetLeft") >= 0


async def cart(page: Page) -> None:
    await page.goto("/cart")
    await expect(page.get_by_role("link", name="To the checkout")).to_be_visible()


async def at_checkout(page: Page) -> None:
    await page.goto("/checkout")
    await expect(page.get_by_role("button", name="Buy for")).to_be_enabled()


async def checkout(page: Page) -> None:
    await at_checkout(page)
    await page.get_by_role("button", name="Buy for").click()
    await expect(page.get_by_text("Which country?")).to_be_visible()


async def order(page: Page) -> None:
    await fill_delivery(page)
    await page.get_by_role("button", name="Buy for").click()
    await expect(page.get_by_role("heading", name="Thank you")).to_be_visible()


async def orders(page: Page) -> None:
    await page.goto("/orders")
    await expect(page.get_by_role("link", name=re.compile(r"^Order \d"))).to_be_visible()


async def orders_of_guest(page: Page) -> None:
    await page.goto("/orders")
    await expect(page.get_by_text("What was ordered as a guest")).to_be_visible()


async def signing_in(page: Page) -> None:
    await page.goto("/sign-in")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_text("Your password, please.")).to_be_visible()


async def nothing(page: Page) -> None:
    await page.goto("/no/such/page")
    await expect(page.get_by_role("heading", name="There is no stall here")).to_be_visible()


WAYS: list[Way] = [
    home,
    category,
    found,
    suggesting,
    product,
    drawer,
    cart,
    checkout,
    order,
    orders,
    signing_in,
    nothing,
]
"""One after the other, as a visitor would."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
async def test_every_page_is_usable_by_all_and_fits(browser: Browser, hall: Shop, width: int, scheme: str) -> None:
    async with visitor(browser, hall, width=width, scheme=scheme) as page:
        for way in WAYS:
            await way(page)
            assert await violations(page) == []
            assert await overflow(page) == 0, page.url
        await register(page, f"{width}-{scheme}@example.org")
        assert await violations(page) == []
        assert await overflow(page) == 0


async def test_the_back_office_is_for_shopkeepers(browser: Browser, hall: Shop) -> None:
    async with visitor(browser, hall) as page:
        await page.goto("/admin")
        await expect(page.get_by_role("heading", name="This part is for shopkeepers")).to_be_visible()
        assert await violations(page) == []
        await sign_in(page, hall.admin_email, hall.admin_password)
        await page.goto("/admin")
        await expect(page.get_by_role("navigation", name="Back office")).to_be_visible()
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert await violations(page) == []


async def test_german_for_whoever_reads_german_or_chooses_it(browser: Browser, hall: Shop) -> None:
    async with visitor(browser, hall, language="de-DE") as page:
        await page.goto("/products/bear-ferdinand")
        await expect(page.get_by_role("button", name="In den Warenkorb")).to_be_visible()
        await expect(page.get_by_text("39,90\N{NO-BREAK SPACE}€").first).to_be_visible()
        assert await page.locator("html").get_attribute("lang") == "de"
        description = page.locator("meta[name=description]")
        await expect(description).to_have_attribute("content", re.compile("^Spielzeug, das hält"))
        await page.get_by_label("Sprache").select_option("en")
        await expect(page.get_by_role("button", name="Put into the cart")).to_be_visible()
        await page.reload()
        await expect(page.get_by_role("button", name="Put into the cart")).to_be_visible()
        await expect(description).to_have_attribute("content", re.compile("^Toys that last"))
        # And for whoever runs no scripts.
        assert 'content="Toys that last' in await (await page.request.get("/")).text()


async def test_dark_and_light_are_the_devices_until_one_is_chosen(browser: Browser, hall: Shop) -> None:
    async with visitor(browser, hall, scheme="dark") as page:
        await page.goto("/")
        background = "getComputedStyle(document.documentElement).backgroundColor"
        dark = await page.evaluate(background)
        await page.get_by_label("Appearance").select_option("light")
        assert await page.evaluate(background) != dark
        await page.reload()
        await expect(page.get_by_label("Appearance")).to_have_value("light")
        assert await page.evaluate(background) != dark


async def test_texts_of_products_are_shown_as_they_are(browser: Browser, hall: Shop) -> None:
    """What looks like markup does nothing."""
    evil = "<img src=x onerror=alert(1)><script>document.title='broken'</script>"
    option = "<i>size</i>"
    variant = {"sku": "EVIL-1", "options": {option: evil}, "price": {"amount": 1, "currency": "EUR"}}
    body = {
        "slug": "evil",
        "name": evil,
        "description": evil,
        "attributes": {evil: evil},
        "options": [{"name": option, "values": [evil]}],
        "variants": [variant],
        "images": ["https://elsewhere.example/x.png", "/\\elsewhere.example/y.png"],
    }
    async with AdminClient(hall) as shopkeeper:
        (await shopkeeper.post("/api/products", body)).ok(201)
        await shopkeeper.receive("EVIL-1", 5)
    async with visitor(browser, hall) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: asked.append(f"dialog {dialog.message}"))
        await put_into_cart(page, "evil")
        await expect(page.get_by_role("heading", level=1)).to_have_text(evil)
        await page.goto("/cart")
        await expect(page.get_by_role("main")).to_contain_text(evil)
        assert not await page.locator("img[src=x]").count()
        assert "broken" not in (await page.title()).split("–")[-1]
        assert [url for url in asked if not url.startswith(hall.url)] == []


async def test_back_leads_to_the_same_place_of_a_list(browser: Browser, hall: Shop) -> None:
    async with visitor(browser, hall, width=700) as page:
        await page.goto("/search")
        more = page.get_by_role("button", name="Show more")
        await more.click()
        await expect(page.get_by_role("article")).to_have_count(48)
        chosen = page.get_by_role("article").nth(40).get_by_role("link")
        name = await chosen.inner_text()
        await chosen.click()
        await expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
        await page.go_back()
        await expect(page.get_by_role("article")).to_have_count(48)
        await expect(page.get_by_role("link", name=name)).to_be_in_viewport()


async def test_a_page_that_is_opened_by_its_address_begins_at_its_top(browser: Browser, hall: Shop) -> None:
    async with visitor(browser, hall, width=700) as page:
        await category(page)
        await page.mouse.wheel(0, 600)

        async def is_down() -> bool:
            return bool(await page.evaluate("scrollY >= 500"))

        await eventually(is_down)
        await found(page)
        assert await page.evaluate("scrollY") == 0


async def test_a_reloaded_list_keeps_its_place_however_late_it_comes(browser: Browser, hall: Shop) -> None:
    async with visitor(browser, hall, width=700) as page:
        await page.goto("/search")
        await page.get_by_role("button", name="Show more").click()
        await expect(page.get_by_role("article")).to_have_count(48)
        await page.get_by_role("article").nth(40).scroll_into_view_if_needed()
        place = await page.evaluate("scrollY")
        held = asyncio.Event()

        async def hold(route: Route) -> None:
            await held.wait()
            await route.continue_()

        await page.route("**/api/products?*", hold)
        await page.reload()
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert await page.evaluate("scrollY") < place
        held.set()

        async def is_back() -> bool:
            return abs(int(await page.evaluate("scrollY")) - place) < 2

        await eventually(is_back)


@pytest.mark.parametrize("width", [700, 1280])
async def test_a_list_keeps_its_place_on_back_from_a_product_that_was_reloaded(
    browser: Browser, hall: Shop, width: int
) -> None:
    async with visitor(browser, hall, width=width) as page:
        await page.goto("/search")
        await page.get_by_role("button", name="Show more").click()
        await expect(page.get_by_role("article")).to_have_count(48)
        product = page.get_by_role("article").nth(40)
        await product.scroll_into_view_if_needed()
        place = await page.evaluate("scrollY")
        await product.get_by_role("link").first.click()
        await page.wait_for_url("**/products/**")
        await page.reload()
        await expect(page.get_by_role("button", name="Put into the cart")).to_be_visible()
        await page.go_back()

        async def is_back() -> bool:
            return abs(int(await page.evaluate("scrollY")) - place) < 2

        await eventually(is_back)


async def test_suggestions_are_chosen_and_closed_with_the_keyboard(browser: Browser, hall: Shop) -> None:
    async with visitor(browser, hall) as page:
        await suggesting(page)
        field = page.get_by_label("Search the hall")
        suggestion = page.get_by_role("option", name="Wooden Railway")
        await expect(field).to_have_attribute("aria-expanded", "true")
        await page.keyboard.press("Escape")
        await expect(suggestion).to_be_hidden()
        await expect(field).to_have_value("wood")
        await expect(field).to_have_attribute("aria-expanded", "false")
        await page.keyboard.press("ArrowDown")
        await expect(suggestion).to_be_visible()
        await page.keyboard.press("Tab")
        await expect(suggestion).to_be_hidden()
        await field.click()
        await expect(suggestion).to_be_visible()
        await painted(page)
        await page.keyboard.press("ArrowDown")
        await expect(page.locator("[role=option][data-highlighted]")).to_have_count(1)
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile("/products/"))
        await expect(page.get_by_role("heading", level=1)).to_be_focused()
        await suggesting(page)
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile(r"/search\?query=wood$"))
        await expect(page.get_by_role("heading", level=1, name="wood")).to_be_focused()


async def to_a_late_product(page: Page) -> asyncio.Event:
    """By the keyboard, from the home page; catalog's answer comes once the event is set."""
    held = asyncio.Event()

    async def hold(route: Route) -> None:
        await held.wait()
        await route.continue_()

    await page.route("**/api/products/*", hold)
    await page.get_by_role("article").first.get_by_role("link").press("Enter")
    await expect(page.get_by_role("main")).to_be_focused()
    return held


async def test_keyboards_go_on_at_the_heading_of_a_page_however_late_it_comes(browser: Browser, hall: Shop) -> None:
    async with visitor(browser, hall) as page:
        await home(page)
        await expect(page.locator("body")).to_be_focused()
        held = await to_a_late_product(page)
        held.set()
        await expect(page.get_by_role("heading", level=1)).to_be_focused()
        # What is chosen on a page leads nowhere else.
        await page.goto("/categories/clothing")
        await page.get_by_role("checkbox").first.press("Space")
        await expect(page).to_have_url(re.compile(r"option\."))
        await expect(page.get_by_role("checkbox").first).to_be_focused()


async def test_whoever_has_gone_elsewhere_is_left_there_when_a_heading_comes(browser: Browser, hall: Shop) -> None:
    async with visitor(browser, hall) as page:
        await home(page)
        held = await to_a_late_product(page)
        field = page.get_by_label("Search the hall")
        await field.click()
        held.set()
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        await painted(page)
        await expect(field).to_be_focused()


async def test_sizes_to_choose_from_stand_from_small_to_large(browser: Browser, hall: Shop) -> None:
    """However the products name them, one by one."""
    sizes = ["1 l", "L", "with lid", "38", "XXL", "0.5 l", "S", "40", "250 ml", "plain", "36", "M", "2 l"]
    slug = f"sizes-{uuid.uuid4().hex[:8]}"
    async with AdminClient(hall) as shopkeeper:
        (await shopkeeper.post("/api/categories", {"slug": slug, "name": slug})).ok(201)
        for place, size in enumerate(sizes):
            variant = {"sku": f"{slug}-{place}", "options": {"size": size}, "price": {"amount": 1, "currency": "EUR"}}
            options = [{"name": "size", "values": [size]}]
            body = {"name": size, "category": slug, "options": options, "variants": [variant]}
            (await shopkeeper.post("/api/products", body)).ok(201)
    async with visitor(browser, hall) as page:
        await page.goto(f"/categories/{slug}")
        await expect(page.get_by_role("group", name="size").locator("label span:first-of-type")).to_have_text(
            ["250 ml", "0.5 l", "1 l", "2 l", "36", "38", "40", "S", "M", "L", "XXL", "plain", "with lid"]
        )


async def test_a_list_is_narrowed_and_sorted_by_its_address(browser: Browser, hall: Shop) -> None:
    async with visitor(browser, hall) as page:
        await page.goto("/categories/clothing")
        everything = page.get_by_role("article")
        await expect(everything.first).to_be_visible()
        count = await everything.count()
        # A tick stands at once, however busy the browser is with what follows from it.
        browser_itself = await page.context.new_cdp_session(page)
        await browser_itself.send("Emulation.setCPUThrottlingRate", {"rate": 20})
        await page.get_by_role("checkbox").first.check()
        await page.get_by_role("checkbox").nth(1).check()
        await browser_itself.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        await expect(page.get_by_role("button", name="Clear all filters")).to_be_visible()
        await expect(everything).not_to_have_count(count)
        await expect(everything.first).to_be_visible()
        await expect(page).to_have_url(re.compile(r"option\..*&option\."))
        narrowed = await everything.count()
        await page.get_by_label("Sort by").select_option("price")
        await page.reload()
        await expect(everything).to_have_count(narrowed)
        await expect(page.get_by_label("Sort by")).to_have_value("price")
        await page.get_by_role("button", name="Clear all filters").click()
        await expect(everything).to_have_count(count)


@pytest.mark.parametrize("width", [360, 1440])
async def test_nothing_moves_while_a_page_appears(browser: Browser, hall: Shop, width: int) -> None:
    """Layout shift, as the browser counts it: up to 0.1 is called good, and a tenth of that is nothing to be seen."""
    watch = """
        window.shift = 0;
        new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
        }).observe({ type: "layout-shift", buffered: true });
    """
    async with visitor(browser, hall, width=width) as page:
        await page.add_init_script(watch)
        for way in (home, category, found, product, drawer, cart, at_checkout, orders_of_guest, signing_in, nothing):
            await way(page)
            await page.wait_for_load_state("networkidle")
            assert await page.evaluate("window.shift") < 0.01, page.url
