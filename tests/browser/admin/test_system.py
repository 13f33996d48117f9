"""The shop as its engineer sees it."""

import os
import signal

from playwright.async_api import Page, expect

from tests.browser.admin.desk import look
from tests.support.shop import Shop


async def test_a_killed_replica_goes_red_and_comes_back(page: Page, shop: Shop) -> None:
    await look(page, "/admin/system")
    box = page.locator('[data-box="inventory 1"]')
    await expect(box).to_have_attribute("data-health", "up")
    await expect(box.get_by_text("Per second")).to_be_visible()
    pid = shop.processes("inventory")[0]["pid"]
    await expect(box.get_by_text(str(pid))).to_be_visible()

    os.kill(pid, signal.SIGKILL)
    await expect(box).to_have_attribute("data-health", "down")
    await expect(box).to_have_attribute("data-health", "up")
    await expect(box.get_by_text(str(pid))).to_have_count(0)
    await expect(page.get_by_role("listitem").filter(has_text="inventory 1 died").first).to_be_visible()
