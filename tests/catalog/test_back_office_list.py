"""The list of all products, archived ones too."""

import pytest

from markethall.catalog import back_office_listing
from tests.catalog.stall import Stall, new_sku, variant


async def rows(stall: Stall, query: str) -> list[tuple[str, str]]:
    """Slug and status of all pages."""
    found: list[tuple[str, str]] = []
    cursor = ""
    while True:
        answer = await stall.get(f"/api/admin/products?{query}{cursor}", token=stall.token("admin"))
        assert answer.status == 200, answer.raw
        found += [(row["slug"], row["status"]) for row in answer.body["items"]]
        if answer.body["next_cursor"] is None:
            return found
        cursor = f"&cursor={answer.body['next_cursor']}"


async def test_archived_products_are_found_by_part_of_name_slug_or_sku(stall: Stall) -> None:
    await stall.add_category("lamps")
    sku = new_sku()
    kept = (await stall.add(name="Storm Lantern 100%", category="lamps", variants=[variant(sku=sku)]))["slug"]
    gone = (await stall.add(name="Storm Candle", category="lamps"))["slug"]
    assert (await stall.call("DELETE", f"/api/products/{gone}")).status == 204
    assert await rows(stall, "category=lamps") == [(gone, "archived"), (kept, "active")]
    assert await rows(stall, "query=STORM&limit=1") == [(gone, "archived"), (kept, "active")]
    assert await rows(stall, "query=storm&status=archived") == [(gone, "archived")]
    assert await rows(stall, "query=100%25") == [(kept, "active")]
    assert await rows(stall, f"query={sku[3:].lower()}") == [(kept, "active")]
    assert await rows(stall, "query=m-lant") == [(kept, "active")]
    assert await rows(stall, "query=nothing-like-that") == []


async def test_what_a_page_looks_at_is_bounded_and_nothing_is_missed(
    stall: Stall, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = (await stall.add(name="Rare tin whistle"))["slug"]
    for _ in range(5):
        await stall.add()
    monkeypatch.setattr(back_office_listing, "MAX_LOOKED_AT", 2)
    first = await stall.get("/api/admin/products?query=tin+whistle", token=stall.token("admin"))
    assert first.body["items"] == []
    assert first.body["next_cursor"] is not None
    assert await rows(stall, "query=tin+whistle") == [(wanted, "active")]


async def test_it_is_for_admins_and_need_not_be_sent_twice(stall: Stall) -> None:
    assert (await stall.get("/api/admin/products")).problem() == (401, "unauthenticated")
    assert (await stall.get("/api/admin/products", token=stall.token())).problem() == (403, "forbidden")
    answer = await stall.get("/api/admin/products", token=stall.token("admin"))
    again = await stall.call("GET", "/api/admin/products", If_None_Match=answer.headers["ETag"])
    assert again.status == 304
    assert (await stall.call("GET", "/api/admin/products?cursor=abc")).problem() == (422, "invalid_cursor")
