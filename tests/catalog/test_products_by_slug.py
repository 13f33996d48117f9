"""`POST /internal/products-by-slug`: many products at once, for front."""

import msgspec
import pytest

from markethall.catalog.finding import FIND_ACTIVE
from markethall.contracts.internal import PRODUCTS_BY_SLUG_PATH, ProductDocument, ProductDocuments, ProductsBySlug
from markethall.contracts.public import ProductView
from markethall.kit.db import Database
from markethall.kit.settings import Settings
from tests.catalog.stall import Answer, Stall, variant


async def ask(stall: Stall, *slugs: str) -> Answer:
    body = msgspec.msgpack.encode(ProductsBySlug(list(slugs)))
    return await stall.call("POST", PRODUCTS_BY_SLUG_PATH, body, token=None, Content_Type="application/msgpack")


async def find(stall: Stall, *slugs: str) -> list[ProductDocument | None]:
    answer = await ask(stall, *slugs)
    assert answer.status == 200, answer.raw
    return msgspec.msgpack.decode(answer.raw, type=ProductDocuments).products


async def test_each_is_as_it_is_when_asked_for_alone(stall: Stall) -> None:
    await stall.add_category("by-slug")
    rich = await stall.add(
        description='so "available":null, ünd',
        category="by-slug",
        attributes={"z": 1, "a": 1.0, "m": True, "t": "ä"},
        options=[{"name": "size", "values": ["S", "L"]}, {"name": "colour", "values": ["red"]}],
        variants=[variant(5, colour="red", size="L"), variant(7, size="S", colour="red")],
        images=["/a.png"],
    )
    plain = await stall.add()
    slugs = [plain["slug"], rich["slug"], plain["slug"]]
    found = await find(stall, *slugs)
    for slug, document in zip(slugs, found, strict=True):
        assert document is not None
        alone = msgspec.msgpack.decode((await stall.get(f"/internal/products/{slug}")).raw, type=ProductView)
        assert document.body == msgspec.json.encode(alone)
        assert document.skus == [one.sku for one in alone.variants]
        assert document.version == alone.version


async def test_what_buyers_do_not_see_is_none_and_spoils_nothing(stall: Stall) -> None:
    seen, archived, renamed = await stall.add(), await stall.add(), await stall.add()
    assert (await stall.call("DELETE", f"/api/products/{archived['slug']}")).status == 204
    assert (await stall.change(renamed["slug"], 1, slug=f"{renamed['slug']}-new")).status == 200
    strange = ["none", "a\0b", "A", "", "ü", "a" * 101]
    found = await find(stall, archived["slug"], renamed["slug"], *strange, seen["slug"], f"{renamed['slug']}-new")
    assert [document is not None for document in found] == [False] * 8 + [True, True]
    assert await find(stall) == []
    assert await find(stall, *strange) == [None] * 6


async def test_a_variant_that_is_gone_is_not_shown(stall: Stall) -> None:
    made = await stall.add(variants=[variant()])
    new = variant()
    assert (await stall.change(made["slug"], 1, variants=[new])).status == 200
    (document,) = await find(stall, made["slug"])
    assert document is not None
    assert (document.skus, document.version) == ([new["sku"]], 2)


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"", 400), (msgspec.msgpack.encode({"slugs": [1]}), 400)])
async def test_what_is_not_a_batch_is_refused(stall: Stall, body: bytes, status: int) -> None:
    answer = await stall.call("POST", PRODUCTS_BY_SLUG_PATH, body, token=None, Content_Type="application/msgpack")
    assert answer.status == status


async def test_a_batch_that_is_too_large_is_refused(stall: Stall) -> None:
    assert (await ask(stall, *(f"p-{n}" for n in range(501)))).status == 413


async def test_it_is_read_from_indexes(stall: Stall, settings: Settings) -> None:
    async with Database(settings) as database, database.single() as connection:
        plan = await connection.fetch(f"EXPLAIN {FIND_ACTIVE}", ["a", "b"])
    text = "\n".join(row[0] for row in plan)
    assert "products_slug_key" in text, text
    assert "variants_product" in text, text
    assert "Seq Scan" not in text, text
