"""Access tokens that run out while pages are open: whoever is signed in notices nothing."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.async_api import Browser, Page, Response, expect

from tests.browser.visitor import fill_delivery, put_into_cart, register, visitor
from tests.support.away import away
from tests.support.client import AdminClient
from tests.support.machine import eventually
from tests.support.shop import Shop, running_shop

LIFE_SECONDS = 6
PATIENCE_MS = 60_000
THANKS = "Thank you! It is yours"


@pytest.fixture(scope="module")
def brief(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop whose access tokens are good for seconds."""
    data = Path(tmp_path_factory.mktemp("sessions")) / "data"
    with running_shop(data, "--demo", environment={"MARKETHALL_ACCESS_TOKEN_SECONDS": str(LIFE_SECONDS)}) as shop:
        yield shop


async def cookies(page: Page) -> set[str]:
    return {str(cookie.get("name")) for cookie in await page.context.cookies()}


async def run_out(page: Page) -> None:
    """The browser has dropped the access token."""

    async def dropped() -> bool:
        return "markethall_session" not in await cookies(page)

    await eventually(dropped, seconds=3 * LIFE_SECONDS)


async def signed_in(page: Page) -> None:
    await register(page, f"{uuid4().hex}@example.org")


async def test_a_token_that_has_run_out_is_renewed_once_for_all_tabs(browser: Browser, brief: Shop) -> None:
    async with visitor(browser, brief) as page:
        await signed_in(page)
        other = await page.context.new_page()
        renewed: list[int] = []

        def hear(answer: Response) -> None:
            if answer.url.endswith("/api/sessions/refresh"):
                renewed.append(answer.status)

        page.context.on("response", hear)
        await run_out(page)
        await asyncio.gather(page.goto("/orders"), other.goto("/orders"))
        for tab in (page, other):
            await expect(tab.get_by_text("No order yet.")).to_be_visible()
            await expect(tab.get_by_text("What was ordered as a guest")).to_be_hidden()
        assert renewed == [200]
        await other.close()
        await put_into_cart(page, "bear-ferdinand", sku="SOF-01-HONE")
        await page.goto("/checkout")
        await fill_delivery(page)
        await run_out(page)
        await page.get_by_role("button", name="Buy for").click()
        await expect(page.get_by_role("heading", name=THANKS)).to_be_visible()
        await page.goto("/orders")
        await expect(page.get_by_text("Bear Ferdinand")).to_be_visible()
        assert set(renewed) == {200}


async def test_an_order_goes_on_telling_its_status(browser: Browser, brief: Shop) -> None:
    """Its stream is opened anew in the name of whoever it belongs to; in nobody's it is refused."""
    async with visitor(browser, brief) as page:
        await signed_in(page)
        await put_into_cart(page, "bear-ferdinand", sku="SOF-01-HONE")
        await page.goto("/checkout")
        await fill_delivery(page)
        await page.get_by_role("button", name="Buy for").click()
        await expect(page.get_by_role("heading", name=THANKS)).to_be_visible()
        order = page.url.rsplit("/", 1)[-1]
        await run_out(page)
        await asyncio.to_thread(brief.kill, "front")
        async with AdminClient(brief) as shopkeeper:
            (await shopkeeper.post(f"/api/orders/{order}/fulfilment", {})).ok(200)
        await expect(page.get_by_role("heading", name="It is on its way")).to_be_visible(timeout=PATIENCE_MS)


async def test_signing_out_ends_the_session_however_long_the_page_was_open(browser: Browser, brief: Shop) -> None:
    async with visitor(browser, brief) as page:
        await signed_in(page)
        kept = await page.context.cookies(f"{brief.url}/api/sessions")
        await run_out(page)
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
        assert await cookies(page) == set()
        # Not forgotten by this browser alone.
        csrf = next(str(cookie.get("value")) for cookie in kept if cookie.get("name") == "markethall_csrf")
        newest = next(str(cookie.get("value")) for cookie in kept if cookie.get("name") == "markethall_refresh")
        answer = await page.request.post(
            "/api/sessions/refresh",
            headers={
                "Cookie": f"markethall_refresh={newest}; markethall_csrf={csrf}",
                "X-CSRF-Token": csrf,
                "X-Session": "cookie",
            },
        )
        assert answer.status == 401
        assert (await answer.json())["code"] == "session_ended"


async def test_pages_that_come_and_go_while_accounts_is_away_lose_no_session(browser: Browser, brief: Shop) -> None:
    async with visitor(browser, brief) as page:
        await signed_in(page)
        await run_out(page)
        async with away(brief, "accounts"):
            for path in ("/cart", "/orders", "/cart"):
                # Left while the token is being renewed: the next page asks with the same one.
                async with page.expect_request("**/api/sessions/refresh"):
                    await page.goto(path)
            await page.goto("/orders")
            await expect(page.get_by_text("Orders cannot be shown just now")).to_be_visible()
            await expect(page.get_by_role("button", name="Try again")).to_be_visible()
            await expect(page.get_by_role("link", name="Your account: Ada Lovelace")).to_be_visible()
            async with page.expect_request("**/api/sessions/refresh"):
                await page.reload()
        await expect(page.get_by_text("No order yet.")).to_be_visible(timeout=PATIENCE_MS)
        await expect(page.get_by_text("What was ordered as a guest")).to_be_hidden()
        await run_out(page)
        await page.reload()
        await expect(page.get_by_role("link", name="Your account: Ada Lovelace")).to_be_visible()
        await expect(page.get_by_text("No order yet.")).to_be_visible()
