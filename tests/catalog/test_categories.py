"""The tree of categories through the HTTP API, and what stands in it."""

import asyncio
from typing import Any

import pytest

from tests.catalog.stall import Stall, variant
from tests.support.machine import eventually


async def test_a_category_is_made_read_changed_and_removed(stall: Stall) -> None:
    answer = await stall.call("POST", "/api/categories", {"name": "Garden & Home"})
    assert answer.status == 201
    assert answer.headers["Location"] == "/api/categories/garden-home"
    expected = {"slug": "garden-home", "name": "Garden & Home", "parent": None, "position": 0, "version": 1}
    expected["image"] = None
    assert answer.body == expected
    path = "/api/categories/garden-home"
    read = await stall.get(path)
    assert (read.body, read.headers["ETag"]) == (expected, '"1"')
    assert (await stall.call("PATCH", path, {"position": 3})).problem() == (428, "version_required")
    stale = await stall.call("PATCH", path, {"position": 3}, If_Match='"2"')
    assert stale.problem() == (412, "version_mismatch")
    changed = await stall.call("PATCH", path, {"position": 3, "name": "Garden"}, If_Match='"1"')
    assert changed.body == expected | {"name": "Garden", "position": 3, "version": 2}
    assert (await stall.call("DELETE", path, If_Match='"1"')).problem() == (412, "version_mismatch")
    assert (await stall.call("DELETE", path)).status == 204
    assert (await stall.call("DELETE", path)).problem() == (404, "not_found")
    assert (await stall.get(path)).problem() == (404, "not_found")


async def test_categories_are_listed_by_position_page_by_page(stall: Stall) -> None:
    for position, slug in ((7, "third"), (5, "first"), (5, "second")):
        await stall.add_category(f"listed-{slug}", position=position)
    slugs: list[str] = []
    cursor = ""
    while True:
        page = (await stall.get(f"/api/categories?limit=1{cursor}")).body
        slugs += [item["slug"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert [slug for slug in slugs if slug.startswith("listed-")] == ["listed-first", "listed-second", "listed-third"]
    assert len(slugs) == len(set(slugs))
    assert (await stall.get("/api/categories?cursor=AAAA")).problem() == (422, "invalid_cursor")


async def test_slugs_of_categories_are_unique(stall: Stall) -> None:
    await stall.add_category("once")
    again = await stall.call("POST", "/api/categories", {"slug": "once", "name": "Once"})
    assert again.problem() == (409, "slug_taken")
    made = await stall.call("POST", "/api/categories", {"name": "Once"})
    assert made.body["slug"].startswith("once-")


async def test_a_category_with_something_in_it_stays(stall: Stall) -> None:
    await stall.add_category("box")
    await stall.add_category("box-inner", parent="box")
    assert (await stall.call("DELETE", "/api/categories/box")).problem() == (409, "category_in_use")
    product = await stall.add(category="box-inner")
    assert (await stall.call("DELETE", "/api/categories/box-inner")).problem() == (409, "category_in_use")
    await stall.call("DELETE", f"/api/products/{product['slug']}")
    assert (await stall.call("DELETE", "/api/categories/box-inner")).status == 204
    assert (await stall.call("DELETE", "/api/categories/box")).status == 204
    archived = await stall.get(f"/api/products/{product['slug']}", token=stall.token("admin"))
    assert (archived.body["category"], archived.body["status"]) == (None, "archived")


async def test_no_category_stands_below_itself(stall: Stall) -> None:
    for slug, parent in (("loop-a", None), ("loop-b", "loop-a"), ("loop-c", "loop-b")):
        await stall.add_category(slug, parent)
    for below in ("loop-a", "loop-b", "loop-c"):
        moved = await stall.call("PATCH", "/api/categories/loop-a", {"parent": below}, If_Match='"1"')
        assert moved.fields() == ["parent"]


async def test_two_moves_at_once_make_no_loop(stall: Stall) -> None:
    for round_ in range(5):
        one, other = f"left-{round_}", f"right-{round_}"
        await stall.add_category(one)
        await stall.add_category(other)
        answers = await asyncio.gather(
            stall.call("PATCH", f"/api/categories/{one}", {"parent": other}, If_Match='"1"'),
            stall.call("PATCH", f"/api/categories/{other}", {"parent": one}, If_Match='"1"'),
        )
        assert sorted(answer.status for answer in answers) == [200, 422]


async def test_the_tree_has_eight_levels_at_most(stall: Stall) -> None:
    parent = None
    for level in range(8):
        parent = (await stall.add_category(f"level-{level}", parent))["slug"]
    ninth = await stall.call("POST", "/api/categories", {"name": "Ninth", "parent": parent})
    assert ninth.fields() == ["parent"]
    await stall.add_category("top")
    await stall.add_category("below-top", "top")
    moved = await stall.call("PATCH", "/api/categories/top", {"parent": "level-6"}, If_Match='"1"')
    assert moved.fields() == ["parent"]
    assert (await stall.call("PATCH", "/api/categories/top", {"parent": "level-5"}, If_Match='"1"')).status == 200


async def test_a_category_holds_what_is_in_categories_below_it_wherever_it_is_moved(stall: Stall) -> None:
    for slug, parent in (("old-home", None), ("new-home", None), ("moving", "old-home"), ("leaf", "moving")):
        await stall.add_category(slug, parent)
    product = await stall.add(category="leaf")
    other = await stall.add(category="moving")
    both = {product["slug"], other["slug"]}
    assert set(await stall.listed("category=old-home")) == both
    assert set(await stall.listed("category=leaf")) == {product["slug"]}
    moved = await stall.call("PATCH", "/api/categories/moving", {"parent": "new-home"}, If_Match='"1"')
    assert moved.body["parent"] == "new-home"
    assert await stall.listed("category=old-home") == []
    assert set(await stall.listed("category=new-home")) == both
    assert set(await stall.listed("category=moving")) == both
    top = await stall.call("PATCH", "/api/categories/moving", {"parent": None}, If_Match='"2"')
    assert top.body["parent"] is None
    assert await stall.listed("category=new-home") == []
    assert set(await stall.listed("category=moving")) == both


async def test_a_product_changes_shelves_with_its_category(stall: Stall) -> None:
    await stall.add_category("here")
    await stall.add_category("there")
    slug = (await stall.add(category="here"))["slug"]
    assert (await stall.change(slug, 1, category="there")).body["category"] == "there"
    assert await stall.listed("category=here") == []
    assert await stall.listed("category=there") == [slug]
    assert (await stall.change(slug, 2, category=None)).body["category"] is None
    assert await stall.listed("category=there") == []


async def test_products_are_found_by_the_name_their_category_has_now(stall: Stall) -> None:
    await stall.add_category("renamed", name="Xylophones")
    slug = (await stall.add(category="renamed", name="Wooden thing"))["slug"]
    assert await stall.listed("query=xylophone") == [slug]
    await stall.call("PATCH", "/api/categories/renamed", {"name": "Glockenspiele"}, If_Match='"1"')
    assert await stall.listed("query=xylophone") == []
    assert await stall.listed("query=glockenspiele") == [slug]
    assert await stall.listed("query=wooden") == [slug]


async def test_products_written_while_their_category_moves_stand_on_the_right_shelves(
    stall: Stall, database: Any
) -> None:
    for slug, parent in (("one-side", None), ("other-side", None), ("pendulum", "one-side")):
        await stall.add_category(slug, parent)

    async def swing() -> None:
        for version in range(1, 11):
            parent = ("other-side", "one-side")[version % 2 == 0]
            tag = f'"{version}"'
            moved = await stall.call("PATCH", "/api/categories/pendulum", {"parent": parent}, If_Match=tag)
            assert moved.status == 200

    async def write() -> None:
        for _ in range(10):
            slug = (await stall.add(category="pendulum"))["slug"]
            assert (await stall.change(slug, 1, name="Written again")).status == 200

    await asyncio.gather(swing(), write(), write())
    assert len(await stall.listed("category=one-side")) == 20
    assert await stall.listed("category=other-side") == []
    wrong = await database.fetchval(SHELVES_THAT_ARE_WRONG)
    assert wrong == 0


async def test_changes_of_the_tree_are_announced(stall: Stall) -> None:
    await stall.add_category("announced")
    stall.said.clear()
    await stall.call("PATCH", "/api/categories/announced", {"name": "Said"}, If_Match='"1"')
    await stall.call("DELETE", "/api/categories/announced")
    await eventually(lambda: len(stall.said) == 2)
    assert all(changed.categories_changed and not changed.products for changed, _ in stall.said)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"name": ""}, ["name"]),
        ({"name": "  "}, ["name"]),
        ({"name": "x" * 10_000}, ["name"]),
        ({"name": "a\x00b"}, ["name"]),
        ({"name": 5}, ["name"]),
        ({}, ["name"]),
        ({"name": "x", "slug": "Not A Slug"}, ["slug"]),
        ({"name": "x", "parent": "nowhere"}, ["parent"]),
        ({"name": "x", "position": -1}, ["position"]),
        ({"name": "x", "position": 10**18}, ["position"]),
        ({"name": "x", "position": "1"}, ["position"]),
        ({"name": "x", "colour": "red"}, ["colour"]),
    ],
)
async def test_what_is_no_category_is_refused_by_field(stall: Stall, body: object, fields: list[str]) -> None:
    assert (await stall.call("POST", "/api/categories", body)).fields() == fields


async def test_only_admins_change_the_tree(stall: Stall) -> None:
    await stall.add_category("guarded")
    calls = (("POST", "", {"name": "x"}), ("PATCH", "/guarded", {"name": "x"}), ("DELETE", "/guarded", None))
    for method, path, body in calls:
        for token, status in ((None, 401), ("a.b.c", 401), (stall.token("clerk"), 403)):
            answer = await stall.call(method, f"/api/categories{path}", body, token=token, If_Match='"1"')
            assert answer.problem()[0] == status


SHELVES_THAT_ARE_WRONG = """
WITH RECURSIVE right_place AS (
    SELECT number, category_id FROM products WHERE active AND category_id IS NOT NULL
    UNION ALL
    SELECT number, c.parent_id FROM right_place r JOIN categories c ON c.id = r.category_id
    WHERE c.parent_id IS NOT NULL
)
SELECT count(*) FROM right_place r FULL JOIN shelves s USING (number, category_id)
WHERE r.number IS NULL OR s.number IS NULL
"""


async def test_what_a_category_can_be_narrowed_by(stall: Stall) -> None:
    await stall.add_category("coats")
    await stall.add_category("coats-small", parent="coats")
    for category, sizes in (("coats", ("S", "M")), ("coats-small", ("M", "L"))):
        await stall.add(
            category=category,
            options=[{"name": "size", "values": list(sizes)}, {"name": f"cut of {category}", "values": ["wide"]}],
            variants=[variant(**{"size": size, f"cut of {category}": "wide"}) for size in sizes],
        )
    offered = (await stall.get("/api/categories/coats/options")).body["items"]
    assert [option["name"] for option in offered] == ["size", "cut of coats", "cut of coats-small"]
    assert {value["value"]: value["products"] for value in offered[0]["values"]} == {"S": 1, "M": 2, "L": 1}
    small = (await stall.get("/api/categories/coats-small/options")).body["items"]
    assert [value["value"] for value in small[0]["values"]] == ["M", "L"]
    assert (await stall.get("/api/categories/no-coats/options")).problem() == (404, "not_found")
