"""Search, filters, orders and cursors through the HTTP API."""

import base64
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from markethall.catalog import listing
from tests.catalog.stall import Stall, product, variant


@pytest.fixture(scope="module")
async def hats(stall: Stall) -> dict[str, str]:
    """Six hats in a category of their own: name → slug, in the order in which they were made."""
    await stall.add_category("hats")
    await stall.add_category("hats-summer", "hats")
    colours = [{"name": "Colour", "values": ["Red", "Blue"]}, {"name": "size", "values": ["S", "L"]}]
    wanted: list[dict[str, Any]] = [
        {"name": "Running cap", "price": 900, "variants": [("Red", "S"), ("Blue", "L")]},
        {"name": "écru beret", "price": 1200, "variants": [("Blue", "S")]},
        {"name": "Boater", "price": 3000, "variants": [("Red", "L")], "description": "For runners who lost a bet."},
        {"name": "Zylinder", "price": 1200, "variants": [("Red", "S")], "attributes": {"material": "Größe beaver"}},
        {"name": "Apfelhut 3.5mm", "price": 100, "variants": [("Blue", "L")]},
        {"name": "dormouse hat", "price": 500, "variants": [("Red", "S")]},
    ]
    slugs = {}
    for n, hat in enumerate(wanted):
        variants = [variant(hat["price"] + 50 * i, Colour=c, size=s) for i, (c, s) in enumerate(hat["variants"])]
        fields = {k: v for k, v in hat.items() if k in ("name", "description", "attributes")}
        category = "hats-summer" if n % 2 else "hats"
        made = await stall.add(**fields, category=category, options=colours, variants=variants)
        slugs[hat["name"]] = made["slug"]
    return slugs


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("name", ["Apfelhut 3.5mm", "Boater", "dormouse hat", "écru beret", "Running cap", "Zylinder"]),
        ("price", ["Apfelhut 3.5mm", "dormouse hat", "Running cap", "écru beret", "Zylinder", "Boater"]),
        ("newest", ["dormouse hat", "Apfelhut 3.5mm", "Zylinder", "Boater", "écru beret", "Running cap"]),
    ],
)
async def test_lists_are_sorted_both_ways_and_paged(
    stall: Stall, hats: dict[str, str], sort: str, names: list[str]
) -> None:
    expected = [hats[name] for name in names]
    for limit in (1, 2, 5, 100):
        assert await stall.listed(f"category=hats&sort={sort}&limit={limit}") == expected
        if sort != "newest":
            assert await stall.listed(f"category=hats&sort=-{sort}&limit={limit}") == expected[::-1]
    assert [slug for slug in await stall.listed(f"sort={sort}&limit=2") if slug in expected] == expected


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("running", ["Running cap", "Boater"]),
        ("runner", ["Boater"]),
        ("runni", ["Running cap"]),
        ("RUN", ["Running cap", "Boater"]),
        ("cap running", ["Running cap"]),
        ("running cap beret", []),
        ("ECRU", ["écru beret"]),
        ("écr", ["écru beret"]),
        ("groß", ["Zylinder"]),
        ("3.5mm", ["Apfelhut 3.5mm"]),
        ("apfel", ["Apfelhut 3.5mm"]),
        ("the dormouse", ["dormouse hat"]),
        ("hats summer", ["dormouse hat", "Zylinder", "écru beret"]),
        ("blue beret", ["écru beret"]),
        ("nothing like it", []),
        ("!?", []),
    ],
)
async def test_search_knows_stems_beginnings_and_accents(
    stall: Stall, hats: dict[str, str], query: str, names: list[str]
) -> None:
    for limit in (1, 20):
        found = await stall.listed(f"category=hats&query={quote(query)}&limit={limit}")
        assert found == [hats[name] for name in names]
    by_name = await stall.listed(f"category=hats&sort=name&query={quote(query)}")
    assert sorted(by_name) == sorted(hats[name] for name in names)


async def test_a_blank_query_is_none(stall: Stall, hats: dict[str, str]) -> None:
    assert len(await stall.listed("category=hats&query=%20")) == len(hats)


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ("option.Colour=Red", ["dormouse hat", "Zylinder", "Boater", "Running cap"]),
        ("option.colour=red", ["dormouse hat", "Zylinder", "Boater", "Running cap"]),
        ("option.Colour=Red&option.size=L", ["Boater"]),
        ("option.Colour=Blue&option.size=L", ["Apfelhut 3.5mm", "Running cap"]),
        ("option.size=L&option.size=S&option.Colour=Blue", ["Apfelhut 3.5mm", "écru beret", "Running cap"]),
        ("option.Colour=Green", []),
        ("option.Sleeve=Long", []),
        ("option.Colour=Red&query=run", ["Running cap", "Boater"]),
    ],
)
async def test_options_filter_by_what_one_variant_has(
    stall: Stall, hats: dict[str, str], filters: str, names: list[str]
) -> None:
    assert await stall.listed(f"category=hats&{filters}&limit=1") == [hats[name] for name in names]


async def test_a_category_that_is_not_there_has_nothing_in_it(stall: Stall) -> None:
    assert await stall.listed("category=nowhere") == []


async def test_a_new_price_and_name_show_at_once_in_every_order(stall: Stall) -> None:
    await stall.add_category("moving-prices")
    cheap = await stall.add(name="Alpha", category="moving-prices", variants=[variant(100)])
    dear = await stall.add(name="Beta", category="moving-prices", variants=[variant(200)])
    raised = variant(300, cheap["variants"][0]["sku"])
    assert (await stall.change(cheap["slug"], 1, name="Gamma", variants=[raised])).status == 200
    expected = [dear["slug"], cheap["slug"]]
    assert await stall.listed("category=moving-prices&sort=price") == expected
    assert await stall.listed("category=moving-prices&sort=name") == expected
    assert await stall.listed("query=alpha&category=moving-prices") == []


async def test_pages_stay_whole_while_products_come_and_go(stall: Stall) -> None:
    await stall.add_category("busy")
    slugs = [(await stall.add(category="busy", variants=[variant(n * 10)]))["slug"] for n in range(6)]
    first = (await stall.get("/api/products?category=busy&sort=price&limit=3")).body
    await stall.add(category="busy", variants=[variant(5)])
    await stall.call("DELETE", f"/api/products/{slugs[1]}")
    await stall.call("DELETE", f"/api/products/{slugs[2]}")
    rest = (await stall.get(f"/api/products?category=busy&sort=price&limit=3&cursor={first['next_cursor']}")).body
    assert [item["slug"] for item in first["items"] + rest["items"]] == slugs
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    "elsewhere",
    ["sort=price", "category=hats", "query=cap", "option.size=S", "sort=newest&limit=1&category=hats-summer"],
)
async def test_a_cursor_belongs_to_its_list(stall: Stall, hats: dict[str, str], elsewhere: str) -> None:
    cursor = (await stall.get("/api/products?sort=name&limit=1")).body["next_cursor"]
    answer = await stall.get(f"/api/products?{elsewhere}&cursor={cursor}")
    assert answer.problem() == (422, "invalid_cursor")


@pytest.mark.parametrize(
    "position",
    [
        ["name", 5, 1],
        ["price", "x", 1],
        ["price", None, 1],
        ["best", 5, 1],
        ["name", "\x00", 1],
        ["price", 2**63, 1],
        ["price", 5, 2**64 - 1],
        ["price", 5],
        ["price", 5, 1, 1],
        {},
    ],
)
async def test_a_cursor_that_is_made_up_is_refused(stall: Stall, hats: dict[str, str], position: object) -> None:
    for sort in ("name", "price"):
        cursor = (await stall.get(f"/api/products?sort={sort}&limit=1")).body["next_cursor"]
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[:8] + msgspec.msgpack.encode(position)
        forged = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        answer = await stall.get(f"/api/products?sort={sort}&limit=1&cursor={forged}")
        assert answer.problem() == (422, "invalid_cursor")


async def test_rare_and_common_matches_are_listed_alike(
    stall: Stall, hats: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With limits as small as these, every way that a list is read is taken."""
    options = "option.Colour=Red&category=hats&sort=name&limit=1"
    whole = [hats[name] for name in ("Boater", "dormouse hat", "Running cap", "Zylinder")]
    for near, most, far in ((1, 10_000, 20_000), (1, 1, 2), (1, 1, 1), (2, 0, 3)):
        monkeypatch.setattr(listing, "NEAR", near)
        monkeypatch.setattr(listing, "MAX_COLLECTED", most)
        monkeypatch.setattr(listing, "FAR", far)
        assert await stall.listed(options) == whole, (near, most, far)
    monkeypatch.setattr(listing, "MAX_RANKED", 1)
    newest_first = [hats["Boater"], hats["Running cap"]]
    assert await stall.listed("category=hats&query=running&limit=1") == newest_first


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=1.5",
        "limit=x",
        "limit=1000000000000000000",
        "sort=best",
        "sort=relevance",
        "category=Not%20a%20slug",
        "category=%00",
        "query=" + "x" * 201,
        "query=%00",
        "cursor=%00",
        "cursor=" + "A" * 2000,
        "cursor=k5GjcHJpY2U",
        "option.=x",
        "option.size=",
        "option.size=%00",
        "option.size=" + "x" * 300,
        "&".join(f"option.o{n}=x" for n in range(21)),
    ],
)
async def test_what_is_no_question_is_refused(stall: Stall, query: str) -> None:
    for path in ("/api/products", "/internal/products"):
        assert (await stall.get(f"{path}?{query}")).problem()[0] == 422


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE products; --",
        "a & | ! ( ) <-> :* 'b",
        "\\' OR 1=1",
        "<script>alert(1)</script>",
        "../../etc/passwd",
        "x\r\nSet-Cookie: y=z",
        "🧸 𝔊𝔯𝔬ß",
        "%",
        "﷽" * 60,
        " ".join("word" for _ in range(15)),
    ],
)
async def test_hostile_words_are_words(stall: Stall, text: str) -> None:
    name = f"{text} plain"[:200].replace("\r\n", " ")
    made = await stall.call("POST", "/api/products", product(name=name))
    assert made.body["name"] == name
    for parameter in ("query", "option.x", f"option.{quote(text, safe='')}"):
        assert (await stall.get(f"/api/products?{parameter}={quote(text, safe='')}")).status == 200
    assert made.body["slug"] in await stall.listed(f"query={quote(text + ' plain', safe='')}"[:1500])
