"""Products through the HTTP API: made, read, changed, archived, announced."""

import asyncio
from typing import Any

import msgspec
import pytest

from markethall.contracts.internal import ListedProducts
from markethall.contracts.messages import CatalogChanged
from markethall.contracts.public import ProductView
from tests.catalog.stall import Stall, new_sku, product, variant
from tests.support.machine import eventually


async def test_a_product_is_answered_as_it_was_written(stall: Stall) -> None:
    await stall.add_category("headwear")
    small, large = new_sku(), new_sku()
    answer = await stall.call(
        "POST",
        "/api/products",
        {
            "slug": "straw-hat",
            "name": "Straw hat",
            "description": "Light, and wide.",
            "category": "headwear",
            "attributes": {"weight_grams": 90, "brim": "wide", "washable": False, "area": 0.5},
            "options": [{"name": "size", "values": ["small", "large"]}, {"name": "colour", "values": ["natural"]}],
            "variants": [
                {"sku": large, "options": {"colour": "natural", "size": "large"}, "price": eur(2500)},
                {"sku": small, "options": {"size": "small", "colour": "natural"}, "price": eur(1900)},
            ],
            "images": ["/media/straw.jpg", "https://example.com/straw-2.jpg"],
        },
    )
    assert answer.status == 201
    assert answer.headers["Location"] == "/api/products/straw-hat"
    assert answer.headers["ETag"] == '"1"'
    read = await stall.get("/api/products/straw-hat")
    assert read.status == 200
    assert read.headers["ETag"] == '"1"'
    assert read.body == answer.body
    assert read.body == {
        "slug": "straw-hat",
        "name": "Straw hat",
        "description": "Light, and wide.",
        "category": "headwear",
        "status": "active",
        "attributes": {"weight_grams": 90, "brim": "wide", "washable": False, "area": 0.5},
        "options": [{"name": "size", "values": ["small", "large"]}, {"name": "colour", "values": ["natural"]}],
        "variants": [
            {"sku": large, "options": {"size": "large", "colour": "natural"}, "price": eur(2500), "available": None},
            {"sku": small, "options": {"size": "small", "colour": "natural"}, "price": eur(1900), "available": None},
        ],
        "images": ["/media/straw.jpg", "https://example.com/straw-2.jpg"],
        "version": 1,
    }
    assert list(read.body["attributes"]) == ["weight_grams", "brim", "washable", "area"]
    listed = await stall.get("/api/products?category=headwear")
    assert listed.body == {
        "items": [
            {
                "slug": "straw-hat",
                "name": "Straw hat",
                "category": "headwear",
                "price": eur(1900),
                "image": "/media/straw.jpg",
                "available": None,
            }
        ],
        "next_cursor": None,
    }


async def test_front_reads_the_same_with_skus_and_versions(stall: Stall) -> None:
    made = await stall.add(category=(await stall.add_category("for-front"))["slug"])
    single = await stall.get(f"/internal/products/{made['slug']}")
    view = msgspec.msgpack.decode(single.raw, type=ProductView)
    assert msgspec.to_builtins(view) == made
    listed = await stall.get("/internal/products?category=for-front")
    [item] = msgspec.msgpack.decode(listed.raw, type=ListedProducts).items
    assert (item.summary.slug, item.version) == (made["slug"], 1)
    assert item.skus == [variant["sku"] for variant in made["variants"]]
    await stall.call("DELETE", f"/api/products/{made['slug']}")
    assert (await stall.get(f"/internal/products/{made['slug']}")).problem() == (404, "not_found")


async def test_a_slug_is_made_from_the_name_and_made_unique(stall: Stall) -> None:
    slugs = [(await stall.add(name="Élan vital!"))["slug"] for _ in range(3)]
    assert slugs == ["elan-vital", "elan-vital-2", "elan-vital-3"]
    assert (await stall.add(name="帽子"))["slug"] == "product"


async def test_many_of_one_name_at_once_all_get_a_slug(stall: Stall) -> None:
    made = await asyncio.gather(*(stall.add(name="Twin") for _ in range(12)))
    assert len({body["slug"] for body in made}) == 12


async def test_slugs_and_skus_are_taken_for_good(stall: Stall) -> None:
    first = await stall.add(slug="taken-once", variants=[variant(sku="TAKEN-1")])
    assert (await stall.call("POST", "/api/products", product(slug="taken-once"))).problem() == (409, "slug_taken")
    repeated = await stall.call("POST", "/api/products", product(variants=[variant(sku="TAKEN-1")]))
    assert repeated.problem() == (409, "sku_taken")
    assert repeated.body["skus"] == ["TAKEN-1"]
    assert (await stall.change("taken-once", 1, variants=[variant(sku="TAKEN-2")])).status == 200
    await stall.call("DELETE", "/api/products/taken-once")
    for sku in ("TAKEN-1", "TAKEN-2"):
        again = await stall.call("POST", "/api/products", product(variants=[variant(sku=sku)]))
        assert again.problem() == (409, "sku_taken")
    assert (await stall.call("POST", "/api/products", product(slug="taken-once"))).problem() == (409, "slug_taken")
    assert first["version"] == 1


async def test_of_many_that_want_one_sku_at_once_one_gets_it(stall: Stall) -> None:
    sku = new_sku()
    bodies = [product(variants=[variant(sku=sku)]) for _ in range(16)]
    answers = await asyncio.gather(*(stall.call("POST", "/api/products", body) for body in bodies))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 15
    assert {answer.problem() for answer in answers if answer.status == 409} == {(409, "sku_taken")}


async def test_skus_wanted_crosswise_do_not_block_each_other(stall: Stall) -> None:
    for _ in range(5):
        skus = [new_sku() for _ in range(20)]
        options = [{"name": "n", "values": [str(n) for n in range(20)]}]
        there = [variant(sku=sku, n=str(n)) for n, sku in enumerate(skus)]
        back = [variant(sku=sku, n=str(n)) for n, sku in enumerate(reversed(skus))]
        answers = await asyncio.gather(
            *(stall.call("POST", "/api/products", product(options=options, variants=v)) for v in (there, back) * 2)
        )
        assert sorted(answer.status for answer in answers) == [201, 409, 409, 409]


async def test_a_change_needs_the_version_that_is_there(stall: Stall) -> None:
    made = await stall.add(description="before")
    path = f"/api/products/{made['slug']}"
    assert (await stall.call("PATCH", path, {"description": "x"})).problem() == (428, "version_required")
    for stale in ('"0"', '"2"', '"11"', "1", '"1', '"1x"', "nonsense"):
        answer = await stall.call("PATCH", path, {"description": "x"}, If_Match=stale)
        assert answer.problem() == (412, "version_mismatch"), stale
    for version, tag in enumerate(['"1"', '"2-a1b2c3"', '"9", "3"', "*"], start=1):
        answer = await stall.call("PATCH", path, {"description": f"after {version}"}, If_Match=tag)
        assert (answer.status, answer.body["version"]) == (200, version + 1)
        assert answer.headers["ETag"] == f'"{version + 1}"'
    assert (await stall.get(path)).body == made | {"description": "after 4", "version": 5}


async def test_of_two_changes_to_one_version_one_wins(stall: Stall) -> None:
    for _ in range(5):
        made = await stall.add()
        answers = await asyncio.gather(*(stall.change(made["slug"], 1, name=f"Name {n}") for n in range(8)))
        assert sorted(answer.status for answer in answers) == [200] + [412] * 7
        [winner] = [answer for answer in answers if answer.status == 200]
        assert (await stall.get(f"/api/products/{made['slug']}")).body == winner.body


async def test_variants_given_replace_the_list_and_skus_stay_with_the_product(stall: Stall) -> None:
    old, kept = new_sku(), new_sku()
    sizes = [{"name": "size", "values": ["s", "m"]}]
    made = await stall.add(options=sizes, variants=[variant(100, old, size="s"), variant(200, kept, size="m")])
    changed = await stall.change(made["slug"], 1, variants=[variant(250, kept, size="m")])
    assert [(v["sku"], v["price"]["amount"]) for v in changed.body["variants"]] == [(kept, 250)]
    back = [variant(90, old, size="s"), variant(250, kept, size="m")]
    changed = await stall.change(made["slug"], 2, variants=back)
    assert [v["sku"] for v in changed.body["variants"]] == [old, kept]


async def test_a_renamed_slug_leads_nowhere_and_is_free(stall: Stall) -> None:
    await stall.add(slug="old-name")
    assert (await stall.change("old-name", 1, slug="new-name")).body["slug"] == "new-name"
    assert (await stall.get("/api/products/old-name")).problem() == (404, "not_found")
    assert (await stall.change("new-name", 2, slug=(await stall.add())["slug"])).problem() == (409, "slug_taken")
    await stall.add(slug="old-name")


async def test_an_archived_product_is_there_for_admins_only_and_can_come_back(stall: Stall) -> None:
    made = await stall.add()
    path = f"/api/products/{made['slug']}"
    gone = await stall.call("DELETE", path)
    assert (gone.status, gone.raw) == (204, b"")
    assert (await stall.call("DELETE", path)).problem() == (404, "not_found")
    assert (await stall.get(path)).problem() == (404, "not_found")
    assert (await stall.get(path, token=stall.token("clerk"))).problem() == (404, "not_found")
    assert (await stall.get(path, token="forged")).problem() == (404, "not_found")
    assert made["slug"] not in await stall.listed()
    archived = await stall.get(path, token=stall.token("admin"))
    assert archived.body == made | {"status": "archived", "version": 2}
    assert (await stall.change(made["slug"], 2, status="active")).status == 200
    assert (await stall.get(path)).body == made | {"version": 3}
    assert made["slug"] in await stall.listed()


async def test_archiving_honours_a_version_that_is_named(stall: Stall) -> None:
    made = await stall.add()
    path = f"/api/products/{made['slug']}"
    assert (await stall.call("DELETE", path, If_Match='"7"')).problem() == (412, "version_mismatch")
    assert (await stall.call("DELETE", path, If_Match='"1"')).status == 204


async def test_every_change_is_announced_whole(stall: Stall) -> None:
    sku = new_sku()
    made = await stall.add(variants=[variant(700, sku)])
    await stall.change(made["slug"], 1, slug=f"{made['slug']}-b", name="Other name")
    await stall.call("DELETE", f"/api/products/{made['slug']}-b")

    def of_product() -> list[CatalogChanged]:
        changes = [changed for changed, _ in stall.said if changed.products]
        return [changed for changed in changes if changed.products[0].variants[0].sku == sku]

    await eventually(lambda: len(of_product()) == 3)
    created, renamed, archived = (changed.products[0] for changed in of_product())
    assert (created.slug, created.version, created.active, created.variants[0].price) == (made["slug"], 1, True, 700)
    assert (renamed.slug, renamed.version, renamed.name) == (f"{made['slug']}-b", 2, "Other name")
    assert of_product()[1].former_slugs == [made["slug"]]
    assert (archived.version, archived.active) == (3, False)
    assert len({product.product_id for product in (created, renamed, archived)}) == 1
    assert all(reply_to for _, reply_to in stall.said)


async def test_nothing_is_announced_of_what_was_refused(stall: Stall, database: Any) -> None:
    sku = (await stall.add())["variants"][0]["sku"]
    before = await database.fetchval("SELECT count(*) FROM products")
    for body in (product(variants=[variant(sku=sku)]), product(category="nowhere"), product(slug="Bad Slug")):
        assert (await stall.call("POST", "/api/products", body)).status in (409, 422)
    marker = (await stall.add())["slug"]
    await eventually(lambda: any(p.slug == marker for changed, _ in stall.said for p in changed.products))
    said = [p.variants[0].sku for changed, _ in stall.said for p in changed.products]
    assert said.count(sku) == 1
    assert await database.fetchval("SELECT count(*) FROM products") == before + 1


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
async def test_only_admins_write(stall: Stall, method: str) -> None:
    path = "/api/products" if method == "POST" else f"/api/products/{(await stall.add())['slug']}"
    body = {"POST": product(), "PATCH": {"name": "x"}, "DELETE": None}[method]
    assert (await stall.call(method, path, body, token=None, If_Match='"1"')).problem() == (401, "unauthenticated")
    assert (await stall.call(method, path, body, token="a.b.c", If_Match='"1"')).problem() == (401, "invalid_token")
    clerk = stall.token("clerk")
    assert (await stall.call(method, path, body, token=clerk, If_Match='"1"')).problem() == (403, "forbidden")


def eur(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}
