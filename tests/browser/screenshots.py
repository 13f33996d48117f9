"""Takes the pictures of README: `python -m tests.browser.screenshots [FOLDER]`, from a shop of its own that sells."""

import asyncio
import io
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright, expect

from markethall.chaos.workload import Mix, Workload
from tests.browser import visitor
from tests.browser.admin import desk
from tests.support.machine import eventually
from tests.support.shop import Shop, running_shop

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
SHOP = ("--demo", "--replicas", "front=2,orders=2", "--bus-nodes", "3", "--read-replicas", "1")
WIDTH, HEIGHT = 1280, 900
SYSTEM: Any = {"width": 1440, "height": 1200}
"""Room for all parts, from the edge down to the databases and the bus."""
QUALITY = 82


async def main(folder: Path) -> None:
    """Three files of WebP. Raises what fails: a page that does not come, a shop that does not start."""
    with tempfile.TemporaryDirectory() as scratch, running_shop(Path(scratch) / "data", *SHOP) as shop:
        async with async_playwright() as playwright:
            browser = await visitor.launch(playwright)
            async with visitor.visitor(browser, shop, width=WIDTH) as page:
                await page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
                await page.goto("/")
                await settled(page)
                await keep(page, folder / "home.webp")
                await page.goto("/products/t-shirt-tin-robot")
                await expect(page.get_by_text("in stock")).to_be_visible()
                await settled(page)
                await keep(page, folder / "product.webp")
            await keep_system(browser, shop, folder / "system.webp")
            await browser.close()


async def keep_system(browser: Browser, shop: Shop, path: Path) -> None:
    """While orders come in and a replica has just been killed."""
    async with (
        Workload(
            shop.url, shop.admin_email, shop.admin_password, seed=1, rate=20.0, mix=Mix(stream_share=0.0)
        ) as buyers,
        desk.visitor(browser, shop, viewport=SYSTEM) as context,
    ):
        await desk.sign_in(context, shop)
        page = await context.new_page()
        await desk.look(page, "/admin/system")
        served = len(buyers.history.calls)
        await eventually(lambda: len(buyers.history.calls) > served + 300, seconds=60)
        victim = shop.processes("orders")[-1]
        os.kill(victim["pid"], signal.SIGKILL)
        await expect(page.locator(f'[data-box="orders {victim["replica"]}"]')).to_have_attribute("data-health", "down")
        await keep(page, path)
        await buyers.stop()


async def settled(page: Page) -> None:
    """All pictures that can be seen are there, and drawn: one that has come is still empty until it is decoded."""
    seen = "[...document.images].filter((image) => image.getBoundingClientRect().top < innerHeight)"

    async def are_there() -> bool:
        # Not `wait_for_function`: what waits in the page is code from text, which the page's policy forbids.
        there = f"{seen}.every((image) => image.complete && image.naturalWidth > 0) && document.images.length > 0"
        return bool(await page.evaluate(there))

    await eventually(are_there, seconds=20)
    await page.evaluate(f"Promise.all({seen}.map((image) => image.decode()))")
    await visitor.painted(page)


async def keep(page: Page, path: Path) -> None:
    shot = Image.open(io.BytesIO(await page.screenshot()))
    shot.thumbnail((WIDTH, shot.height))
    shot.save(path, quality=QUALITY, method=6)


if __name__ == "__main__":
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    chosen.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(chosen))
