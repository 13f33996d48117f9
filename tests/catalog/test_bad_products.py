"""What is no product, and what is no JSON, through the HTTP API."""

import math
from typing import Any

import msgspec
import pytest

from tests.catalog.stall import Stall, new_sku, product, variant

SIZES = [{"name": "size", "values": ["s", "m"]}]


def price(amount: Any, currency: str = "EUR") -> dict[str, Any]:
    return {"sku": new_sku(), "price": {"amount": amount, "currency": currency}}


REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"name": ""}, ["name"]),
    ({"name": " \t"}, ["name"]),
    ({"name": "x" * 10_000}, ["name"]),
    ({"name": "NUL\x00"}, ["name"]),
    ({"name": None}, ["name"]),
    ({"name": 5}, ["name"]),
    ({"slug": "Upper"}, ["slug"]),
    ({"slug": "../x"}, ["slug"]),
    ({"slug": "x" * 101}, ["slug"]),
    ({"description": "x" * 20_001}, ["description"]),
    ({"description": "\x00"}, ["description"]),
    ({"category": "nowhere"}, ["category"]),
    ({"available": 5}, ["available"]),
    ({"version": 5}, ["version"]),
    ({"variants": []}, ["variants"]),
    ({"variants": [variant() for _ in range(201)]}, ["variants"]),
    ({"variants": [variant(), variant()]}, ["variants[1].options"]),
    ({"variants": [price(-1)]}, ["variants[0].price.amount"]),
    ({"variants": [price(10**18)]}, ["variants[0].price.amount"]),
    ({"variants": [price(10**40)]}, ["variants[0].price.amount"]),
    ({"variants": [price(1.5)]}, ["variants[0].price.amount"]),
    ({"variants": [price(1.0)]}, ["variants[0].price.amount"]),
    ({"variants": [price("100")]}, ["variants[0].price.amount"]),
    ({"variants": [price(True)]}, ["variants[0].price.amount"]),
    ({"variants": [price(100, "USD")]}, ["variants[0].price.currency"]),
    ({"variants": [price(100, "eur")]}, ["variants[0].price.currency"]),
    ({"variants": [{"sku": new_sku()}]}, ["variants[0].price"]),
    ({"variants": [variant(sku="no blanks")]}, ["variants[0].sku"]),
    ({"variants": [variant(sku="x" * 65)]}, ["variants[0].sku"]),
    ({"variants": [variant(sku="'; DROP TABLE variants")]}, ["variants[0].sku"]),
    ({"variants": [variant(size="s")]}, ["variants[0].options"]),
    ({"options": SIZES, "variants": [variant(size="xl")]}, ["variants[0].options.size"]),
    ({"options": SIZES, "variants": [variant()]}, ["variants[0].options"]),
    ({"options": [{"name": "a=b", "values": ["x"]}]}, ["options[0].name"]),
    ({"options": [{"name": "size", "values": []}]}, ["options[0].values"]),
    ({"options": [{"name": "size", "values": ["s", "s"]}]}, ["options[0].values[1]"]),
    ({"options": [{"name": "size", "values": [str(n) for n in range(101)]}]}, ["options[0].values"]),
    ({"options": [{"name": str(n), "values": ["x"]} for n in range(11)]}, ["options"]),
    ({"attributes": {str(n): n for n in range(51)}}, ["attributes"]),
    ({"attributes": {"a": [1]}}, ["attributes[...]"]),
    ({"attributes": {"a": None}}, ["attributes[...]"]),
    ({"attributes": {"a": 10**30}}, ["attributes[...]"]),
    ({"attributes": {"a": "x" * 1001}}, ["attributes[...]"]),
    ({"images": ["javascript:alert(1)"]}, ["images[0]"]),
    ({"images": ["/a b"]}, ["images[0]"]),
    ({"images": ["/x"] * 21}, ["images"]),
]


@pytest.mark.parametrize(("fields", "named"), REFUSED)
async def test_what_is_no_product_is_refused_by_field(stall: Stall, fields: dict[str, Any], named: list[str]) -> None:
    assert (await stall.call("POST", "/api/products", product(**fields))).fields() == named
    if None in fields.values() or "available" in fields or "version" in fields:
        return
    made = await stall.add()
    assert (await stall.change(made["slug"], 1, **fields)).fields() == named
    assert (await stall.get(f"/api/products/{made['slug']}")).body == made


async def test_all_that_is_wrong_is_said_at_once(stall: Stall) -> None:
    body = product(options=SIZES, variants=[variant(size="xl"), variant(colour="red"), variant(size="s")])
    answer = await stall.call("POST", "/api/products", body)
    assert answer.fields() == ["variants[0].options.size", "variants[1].options"]


async def test_options_may_not_leave_variants_behind(stall: Stall) -> None:
    made = await stall.add(options=SIZES, variants=[variant(size="s"), variant(size="m")])
    fewer = [{"name": "size", "values": ["s"]}]
    assert (await stall.change(made["slug"], 1, options=fewer)).fields() == ["variants[1].options.size"]


async def test_the_largest_product_is_taken(stall: Stall) -> None:
    values = [f"{n} " + "𝔊" * 190 for n in range(100)]
    options = [{"name": "𝔊" * 100, "values": values}, {"name": "second", "values": ["x", "y"]}]
    variants = [
        {"sku": new_sku(), "options": {"𝔊" * 100: value, "second": s}, "price": {"amount": 10**12, "currency": "EUR"}}
        for value in values
        for s in ("x", "y")
    ]
    attributes = {f"{n}" + "﷽" * 190: "é" * 1000 for n in range(50)}
    body = product(
        name="﷽" * 200,
        description="ü " * 10_000,
        options=options,
        variants=variants,
        attributes=attributes,
        images=["/" + "x" * 1999] * 20,
    )
    assert len(msgspec.json.encode(body)) < 1 << 20
    answer = await stall.call("POST", "/api/products", body)
    assert answer.status == 201, answer.raw[:500]
    read = await stall.get(f"/api/products/{answer.body['slug']}")
    assert read.body == answer.body
    assert read.body["name"] == body["name"]


async def test_free_things_and_odd_attributes_are_taken(stall: Stall) -> None:
    attributes = {"": "", "zero": 0, "tiny": 5e-324, "huge": 1.7976931348623157e308, "yes": True, "big": 2**53}
    refused = await stall.call("POST", "/api/products", product(attributes=attributes))
    assert refused.fields() == ["attributes"]
    del attributes[""]
    made = await stall.add(attributes=attributes, variants=[variant(0)])
    assert made["attributes"] == attributes
    assert made["variants"][0]["price"]["amount"] == 0
    assert math.isfinite(made["attributes"]["huge"])


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b'{"name": "x"', "application/json", (400, "unreadable")),
        (b"\xff\xfe", "application/json", (400, "unreadable")),
        (b'{"name": "\\ud800", "variants": []}', "application/json", (400, "unreadable")),
        (b'{"name": NaN}', "application/json", (400, "unreadable")),
        (b'{"name": "a", "name": "b"}', "application/json", (400, "duplicate_key")),
        (b'{"name": "a", "attributes": {"x": 1, "x": 2}}', "application/json", (400, "duplicate_key")),
        (b"[" * 100_000, "application/json", (400, "unreadable")),
        (b'{"name": "x"}', "text/plain", (415, "unsupported_media_type")),
        (b"name=x", "application/x-www-form-urlencoded", (415, "unsupported_media_type")),
        (b"[]", "application/json", (422, "invalid")),
        (b"null", "application/json", (422, "invalid")),
        (b'"x"', "application/json", (422, "invalid")),
        (b'{"name": "' + b"x" * (1 << 20) + b'"}', "application/json", (413, "too_large")),
    ],
)
async def test_what_is_no_json_object_is_refused(
    stall: Stall, body: bytes, content_type: str, expected: tuple[int, str]
) -> None:
    for method, path in (("POST", "/api/products"), ("PATCH", f"/api/products/{(await stall.add())['slug']}")):
        answer = await stall.call(method, path, body, If_Match="*", Content_Type=content_type)
        assert answer.problem() == expected


@pytest.mark.parametrize(
    "slug", ["nowhere", "Upper", "%00", "a%0d%0aSet-Cookie:x", "..%2f..", "%F0%9F%A7%B8", "'%20OR%201=1", "x" * 500]
)
async def test_slugs_that_cannot_be_lead_nowhere(stall: Stall, slug: str) -> None:
    for path in (f"/api/products/{slug}", f"/internal/products/{slug}", f"/api/categories/{slug}"):
        answer = await stall.get(path)
        assert answer.problem() == (404, "not_found")
        assert "Set-Cookie" not in answer.headers
    assert (await stall.call("DELETE", f"/api/products/{slug}")).problem() == (404, "not_found")
    patched = await stall.call("PATCH", f"/api/products/{slug}", {"name": "x"}, If_Match="*")
    assert patched.problem() == (404, "not_found")
