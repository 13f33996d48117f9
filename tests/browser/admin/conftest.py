"""The shopkeeper, signed in, at a shop with the toy store."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, Page

from tests.browser.admin.desk import chromium, sign_in, visitor
from tests.support.shop import Shop


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture
async def shopkeeper(browser: Browser, shop: Shop) -> AsyncIterator[BrowserContext]:
    async with visitor(browser, shop) as context:
        await sign_in(context, shop)
        yield context


@pytest.fixture
async def page(shopkeeper: BrowserContext) -> Page:
    return await shopkeeper.new_page()
