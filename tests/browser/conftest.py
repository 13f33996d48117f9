"""A browser, and a shop for each module."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser.visitor import launch
from tests.support.shop import Shop, running_shop


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        yield browser
        await browser.close()


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with running_shop(Path(tmp_path_factory.mktemp("browser")) / "data", "--demo") as shop:
        yield shop
