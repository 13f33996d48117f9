"""The whole purchase in a browser, and what may break off in between."""

import asyncio
import re
import uuid
from contextlib import suppress

from playwright.async_api import Browser, Error, Page, Route, expect

from tests.browser.visitor import fill_delivery, put_into_cart, register, sign_in, sign_out, visitor
from tests.support.client import AdminClient, Client
from tests.support.shop import Shop

THANKS = "Thank you! It is yours"


async def goods(hall: Shop, *stocks: int, price: int = 500) -> tuple[str, list[str]]:
    """A new product: its slug, and the SKU of each variant."""
    async with AdminClient(hall) as shopkeeper:
        skus = await shopkeeper.product(*stocks, price=price)
        for product in (await shopkeeper.get("/api/products?limit=20")).ok(200)["items"]:
            found = (await shopkeeper.get(f"/api/products/{product['slug']}")).ok(200)
            if skus[0] in [variant["sku"] for variant in found["variants"]]:
                return product["slug"], skus
    raise AssertionError("the new product is not among the newest")


async def reserved(hall: Shop, sku: str) -> int:
    async with Client(hall.url) as client:
        return int((await client.get(f"/api/stock/{sku}")).ok(200)["reserved"])


async def to_checkout(page: Page, slug: str) -> None:
    await put_into_cart(page, slug)
    await page.goto("/checkout")
    await fill_delivery(page)


async def test_a_guest_searches_chooses_buys_and_cancels(browser: Browser, hall: Shop) -> None:
    async with visitor(browser, hall) as page:
        await page.goto("/")
        await page.get_by_label("Search the hall").click()
        await page.keyboard.type("ferdinand")
        await page.get_by_role("option", name="Bear Ferdinand").click()
        await expect(page.get_by_role("heading", name="Bear Ferdinand")).to_be_visible()
        await page.get_by_role("radio", name="cocoa").click()
        await page.get_by_role("button", name="One more: Quantity").click()
        await page.get_by_role("button", name="Put into the cart").click()
        drawer = page.get_by_role("dialog", name="Your cart")
        await expect(drawer).to_contain_text("cocoa")
        await expect(drawer).to_contain_text("€79.80")
        await drawer.get_by_role("link", name="To the checkout").click()
        buy = page.get_by_role("button", name="Buy for €79.80")
        await buy.click()
        await expect(page.get_by_text("Which city?")).to_be_visible()
        await fill_delivery(page)
        await buy.click()
        await expect(page.get_by_role("heading", name=THANKS)).to_be_focused()
        assert await reserved(hall, "SOF-01-COCO") == 2
        await page.get_by_role("button", name="Cancel the order").click()
        await page.get_by_role("button", name="Yes, cancel it").click()
        await expect(page.get_by_role("heading", name="This order is cancelled")).to_be_visible()
        await page.goto("/orders")
        await expect(page.get_by_role("listitem").filter(has_text="Cancelled")).to_be_visible()


async def test_a_double_click_buys_once(browser: Browser, hall: Shop) -> None:
    slug, [sku] = await goods(hall, 10)
    async with visitor(browser, hall) as page:
        await to_checkout(page, slug)
        await page.get_by_role("button", name="Buy for").dblclick()
        await expect(page.get_by_role("heading", name=THANKS)).to_be_visible()
        assert await reserved(hall, sku) == 1


async def test_an_answer_that_is_lost_buys_once(browser: Browser, hall: Shop) -> None:
    slug, [sku] = await goods(hall, 10)
    async with visitor(browser, hall) as page:
        keys: list[str] = []

        async def lose_the_first(route: Route) -> None:
            keys.append((await route.request.all_headers())["idempotency-key"])
            answer = await route.fetch()
            await (route.abort("connectionreset") if len(keys) == 1 else route.fulfill(response=answer))

        await page.route("**/api/orders", lose_the_first)
        await to_checkout(page, slug)
        await page.get_by_role("button", name="Buy for").click()
        await expect(page.get_by_role("heading", name=THANKS)).to_be_visible()
        assert len(keys) >= 2
        assert len(set(keys)) == 1
        assert await reserved(hall, sku) == 1


async def test_a_reload_while_the_order_is_under_way_takes_it_up_again(browser: Browser, hall: Shop) -> None:
    slug, [sku] = await goods(hall, 10)
    async with visitor(browser, hall) as page:
        keys: list[str] = []
        ordered, reloaded = asyncio.Event(), asyncio.Event()

        async def keep_the_first(route: Route) -> None:
            keys.append((await route.request.all_headers())["idempotency-key"])
            answer = await route.fetch()
            if len(keys) > 1:
                await route.fulfill(response=answer)
                return
            ordered.set()
            await reloaded.wait()
            with suppress(Error):  # its page is gone
                await route.abort()

        await page.route("**/api/orders", keep_the_first)
        await to_checkout(page, slug)
        await page.get_by_role("button", name="Buy for").click()
        await ordered.wait()
        await page.reload()
        reloaded.set()
        await expect(page.get_by_role("heading", name=THANKS)).to_be_visible()
        assert len(keys) == 2
        assert len(set(keys)) == 1
        assert await reserved(hall, sku) == 1


async def test_of_two_who_want_the_last_one_gets_it_and_the_other_is_told(browser: Browser, hall: Shop) -> None:
    slug, [sku] = await goods(hall, 1)
    async with visitor(browser, hall) as quick, visitor(browser, hall) as slow:
        for page in (quick, slow):
            await to_checkout(page, slug)
        await quick.get_by_role("button", name="Buy for").click()
        await expect(quick.get_by_role("heading", name=THANKS)).to_be_visible()
        await slow.get_by_role("button", name="Buy for").click()
        told = slow.get_by_text("1 wanted, 0 left")
        await expect(told).to_be_visible()
        await expect(slow.get_by_role("heading", name=THANKS)).to_be_hidden()
        await slow.goto("/cart")
        await expect(slow.get_by_text("Sold out meanwhile", exact=True)).to_be_visible()
        assert await reserved(hall, sku) == 1


async def test_what_others_buy_shows_on_an_open_page(browser: Browser, hall: Shop) -> None:
    slug, [small, large] = await goods(hall, 3, 2)
    async with visitor(browser, hall) as page, Client(hall.url) as other:
        await page.goto(f"/products/{slug}?sku={small}")
        await expect(page.get_by_text("Only 3 left")).to_be_visible()
        (await other.order({small: 2, large: 2})).ok(201)
        await expect(page.get_by_text("Only 1 left")).to_be_visible()
        await expect(page.get_by_role("radio", name="1, sold out")).to_be_visible()
        (await other.order({small: 1})).ok(201)
        await expect(page.get_by_role("button", name="Sold out just now")).to_be_disabled()


async def test_another_price_is_shown_and_never_charged_unseen(browser: Browser, hall: Shop) -> None:
    slug, [sku] = await goods(hall, 10, price=500)
    async with visitor(browser, hall, width=360) as page, AdminClient(hall) as shopkeeper:
        await to_checkout(page, slug)
        # The cart is not looked at again before the click.
        await page.route("**/api/carts/**", lambda route: route.abort())
        product = (await shopkeeper.get(f"/api/products/{slug}")).ok(200)
        variants = [{**variant, "price": {"amount": 700, "currency": "EUR"}} for variant in product["variants"]]
        for variant in variants:
            variant.pop("available")
        changed = await shopkeeper.call(
            "PATCH", f"/api/products/{slug}", {"variants": variants}, If_Match=f'"{product["version"]}"'
        )
        changed.ok(200)
        await page.get_by_role("button", name="Buy for €5.00").click()
        await expect(page.get_by_text("It would be €7.00 now")).to_be_in_viewport(ratio=1)
        assert await reserved(hall, sku) == 0
        await page.unroute("**/api/carts/**")
        await expect(page.get_by_text("now costs €7.00 instead of €5.00")).to_be_visible()
        await page.get_by_role("button", name="Buy for €7.00").click()
        await expect(page.get_by_role("heading", name=THANKS)).to_be_visible()
        assert await reserved(hall, sku) == 1


async def test_a_guests_cart_is_kept_and_becomes_the_accounts(browser: Browser, hall: Shop) -> None:
    email = f"{uuid.uuid4().hex}@example.org"
    async with visitor(browser, hall) as page, visitor(browser, hall) as elsewhere:
        await register(elsewhere, email)
        await put_into_cart(elsewhere, "rabbit-clementine", sku="SOF-02-GREY")
        await put_into_cart(page, "bear-ferdinand", sku="SOF-01-HONE")
        await page.reload()
        cart = page.get_by_role("button", name="Open the cart")
        await expect(cart).to_have_accessible_name("Open the cart: 1 item")
        await page.goto("/sign-in?next=/cart")
        await page.get_by_label("E-mail").fill(email)
        await page.get_by_label("Password").fill("a-good-password")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("main")).to_contain_text("Bear Ferdinand")
        await expect(page.get_by_role("main")).to_contain_text("Rabbit Clementine")
        await expect(cart).to_have_accessible_name("Open the cart: 2 items")


async def test_a_cart_has_its_pictures_on_another_device(browser: Browser, hall: Shop) -> None:
    email = f"{uuid.uuid4().hex}@example.org"
    async with visitor(browser, hall) as page, visitor(browser, hall) as elsewhere:
        await register(page, email)
        await put_into_cart(page, "bear-ferdinand", sku="SOF-01-HONE")
        await sign_in(elsewhere, email)
        await elsewhere.goto("/cart")
        line = elsewhere.get_by_role("main").get_by_role("listitem").filter(has_text="Bear Ferdinand")
        await expect(line.locator("img")).to_have_attribute("src", re.compile(r"/bear-ferdinand\.svg$"))
        await line.get_by_role("link", name="Bear Ferdinand").click()
        await expect(elsewhere.get_by_role("radio", name="honey")).to_be_checked()


async def test_an_account_buys_orders_again_and_is_erased(browser: Browser, hall: Shop) -> None:
    slug, [sku] = await goods(hall, 10)
    async with visitor(browser, hall) as page:
        await register(page, f"{uuid.uuid4().hex}@example.org")
        await to_checkout(page, slug)
        await page.get_by_role("button", name="Buy for").click()
        await expect(page.get_by_role("heading", name=THANKS)).to_be_visible()
        await page.goto("/orders")
        await page.get_by_role("link", name=re.compile(r"^Order \d")).click()
        await page.get_by_role("button", name="Order again").click()
        await expect(page.get_by_role("dialog", name="Your cart")).to_contain_text("€5.00")
        await page.goto("/account")
        await page.get_by_label("Name").fill("Countess")
        await page.get_by_role("button", name="Save").first.click()
        await expect(page.get_by_text("Saved.")).to_be_visible()
        await expect(page.get_by_role("heading", name="Hello, Countess")).to_be_visible()
        stored = await page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")
        assert "eyJ" not in stored, "a token that scripts can read"
        await page.get_by_role("button", name="Erase the account").click()
        await page.get_by_role("button", name="Yes, erase it").click()
        await expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
        assert await reserved(hall, sku) == 1


async def test_what_somebody_typed_is_not_shown_to_the_next_one(browser: Browser, hall: Shop) -> None:
    slug, _ = await goods(hall, 10)
    async with visitor(browser, hall) as page:
        await register(page, f"{uuid.uuid4().hex}@example.org")
        await to_checkout(page, slug)
        await page.reload()
        await expect(page.get_by_label("Street")).to_have_value("Markt 1")
        await sign_out(page)
        assert "Markt 1" not in await page.evaluate("JSON.stringify([localStorage, sessionStorage])")
        next_one = f"{uuid.uuid4().hex}@example.org"
        await register(page, next_one)
        await put_into_cart(page, slug)
        await page.goto("/checkout")
        await expect(page.get_by_label("E-mail")).to_have_value(next_one)
        await expect(page.get_by_label("Street")).to_have_value("")


async def test_an_order_that_somebody_left_under_way_is_not_placed_by_the_next_one(
    browser: Browser, hall: Shop
) -> None:
    slug, [sku] = await goods(hall, 10)
    async with visitor(browser, hall) as page:
        await register(page, f"{uuid.uuid4().hex}@example.org")
        await page.route("**/api/orders", lambda route: route.abort())
        await to_checkout(page, slug)
        await page.get_by_role("button", name="Buy for").click()
        await expect(page.get_by_text("We do not know yet whether your order arrived")).to_be_visible()
        await sign_out(page)
        await page.unroute("**/api/orders")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
        await register(page, f"{uuid.uuid4().hex}@example.org")
        await put_into_cart(page, slug)
        await page.goto("/checkout")
        await expect(page.get_by_role("button", name="Buy for")).to_be_enabled()
        assert f"POST {hall.url}/api/orders" not in asked
        await fill_delivery(page)
        await page.get_by_role("button", name="Buy for").click()
        await expect(page.get_by_role("heading", name=THANKS)).to_be_visible()
        assert await reserved(hall, sku) == 1


async def test_a_guests_order_whose_answer_was_lost_is_found_after_signing_in(browser: Browser, hall: Shop) -> None:
    slug, [sku] = await goods(hall, 10)
    async with visitor(browser, hall) as page:
        tried: list[str] = []

        async def order_and_lose(route: Route) -> None:
            tried.append((await route.fetch()).headers["location"])
            await route.abort("connectionreset")

        await page.route("**/api/orders", order_and_lose)
        await to_checkout(page, slug)
        await page.get_by_role("button", name="Buy for").click()
        await expect(page.get_by_text("We do not know yet whether your order arrived")).to_be_visible()
        await register(page, f"{uuid.uuid4().hex}@example.org")
        await page.unroute("**/api/orders")
        await page.goto("/checkout")
        await expect(page.get_by_role("heading", name=THANKS)).to_be_visible()
        assert tried[0].endswith(page.url.rsplit("/", 1)[-1])
        assert await reserved(hall, sku) == 1


async def test_what_is_no_longer_sold_is_said_on_an_open_page(browser: Browser, hall: Shop) -> None:
    slug, _ = await goods(hall, 10)
    async with visitor(browser, hall) as page, AdminClient(hall) as shopkeeper:
        await put_into_cart(page, slug)
        await expect(page.get_by_role("button", name="Put into the cart")).to_be_enabled()
        (await shopkeeper.call("DELETE", f"/api/products/{slug}")).ok(204)
        await expect(page.get_by_text("This is no longer sold.")).to_be_visible()
        await expect(page.get_by_role("button", name="Put into the cart")).to_be_disabled()
        await expect(page.get_by_text("We could not look for news just now")).to_be_hidden()
        await page.goto("/cart")
        await expect(page.get_by_role("main")).to_contain_text("No longer sold")


async def test_with_the_keyboard_alone(browser: Browser, hall: Shop) -> None:
    slug, [sku] = await goods(hall, 10)

    async def tab_to(page: Page, name: str) -> None:
        for _ in range(60):
            await page.keyboard.press("Tab")
            focused = await page.evaluate(
                "(document.activeElement.getAttribute('aria-label') ?? '') + '|' + document.activeElement.textContent"
                " + '|' + [...(document.activeElement.labels ?? [])].map((label) => label.textContent).join()"
            )
            if name in focused:
                return
        raise AssertionError(f"{name} is not reached")

    async with visitor(browser, hall) as page:
        await page.goto(f"/products/{slug}")
        await expect(page.get_by_role("button", name="Put into the cart")).to_be_enabled()
        await tab_to(page, "Put into the cart")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("dialog", name="Your cart")).to_contain_text("Total")
        await tab_to(page, "To the checkout")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Checkout")).to_be_visible()
        await expect(page.get_by_role("dialog")).to_be_hidden()
        for label, text in (("E-mail", "a@b.example"), ("Name", "Ada"), ("Street", "Markt 1"), ("Postal", "89073")):
            await tab_to(page, label)
            await page.keyboard.type(text)
        await tab_to(page, "City")
        await page.keyboard.type("Ulm")
        await tab_to(page, "Country")
        await page.keyboard.type("Germany")
        await tab_to(page, "Buy for")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name=THANKS)).to_be_visible()
        assert await reserved(hall, sku) == 1
