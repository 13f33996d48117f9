"""`POST /internal/product-lists`: many lists at once, for front."""

import msgspec
import pytest

from markethall.contracts.internal import (
    PRODUCT_LISTS_PATH,
    ListDocument,
    ListDocuments,
    ListedProducts,
    ProductLists,
)
from markethall.contracts.public import ProductPage
from markethall.kit.cursors import encode_cursor
from tests.catalog.stall import Answer, Stall, variant


async def ask(stall: Stall, *queries: str) -> Answer:
    body = msgspec.msgpack.encode(ProductLists(list(queries)))
    return await stall.call("POST", PRODUCT_LISTS_PATH, body, token=None, Content_Type="application/msgpack")


async def find(stall: Stall, *queries: str) -> list[ListDocument | None]:
    answer = await ask(stall, *queries)
    assert answer.status == 200, answer.raw
    return msgspec.msgpack.decode(answer.raw, type=ListDocuments).lists


async def alone(stall: Stall, query: str) -> ListedProducts:
    answer = await stall.get(f"/internal/products?{query}")
    assert answer.status == 200, answer.raw
    return msgspec.msgpack.decode(answer.raw, type=ListedProducts)


async def test_each_is_as_it_is_when_asked_for_alone(stall: Stall) -> None:
    await stall.add_category("many-lists")
    for price in (300, 100, 200):
        await stall.add(
            category="many-lists",
            name=f'so "available":null, ünd {price}',
            options=[{"name": "size", "values": ["S", "L"]}],
            variants=[variant(price, size="L"), variant(price + 1, size="S")],
            images=["/a.png"],
        )
    page = await alone(stall, "category=many-lists&limit=2&sort=price")
    queries = [
        "category=many-lists&sort=-price",
        "category=many-lists&limit=2&sort=price",
        f"category=many-lists&cursor={page.next_cursor}&limit=2&sort=price",
        "category=empty",
        "",
        "category=many-lists&limit=2&sort=price",
    ]
    found = await find(stall, *queries)
    for query, document in zip(queries, found, strict=True):
        assert document is not None
        listed = await alone(stall, query)
        assert document.body == msgspec.json.encode(
            ProductPage([item.summary for item in listed.items], listed.next_cursor)
        )
        assert document.skus == [item.skus for item in listed.items]
        assert document.versions == {item.summary.slug: item.version for item in listed.items}
    assert [document and len(document.skus) for document in found[:4]] == [3, 2, 1, 0]


async def test_what_is_no_list_or_takes_a_search_is_none_and_spoils_nothing(stall: Stall) -> None:
    made = await stall.add()
    of_another = (await alone(stall, "limit=1&sort=price")).next_cursor
    strange = [
        "query=bear",
        "option.size=L",
        "limit=0",
        "limit=x",
        "sort=relevance",
        "sort=best",
        "category=A",
        "cursor=damaged",
        # As ours are, but ranked: by words that nobody asked for.
        f"cursor={encode_cursor('products', [None, None, [], 'newest'], ['relevance', 1, 1])}",
        f"cursor={of_another}&sort=name",
        "category=%00",
        "&".join("a=b" for _ in range(51)),
        "ü",
    ]
    found = await find(stall, *strange, "limit=1")
    assert found[:-1] == [None] * len(strange)
    assert found[-1] is not None
    assert found[-1].versions == {made["slug"]: 1}
    assert await find(stall) == []
    assert await find(stall, *strange) == [None] * len(strange)


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"", 400), (msgspec.msgpack.encode({"queries": [1]}), 400)])
async def test_what_is_not_a_batch_is_refused(stall: Stall, body: bytes, status: int) -> None:
    answer = await stall.call("POST", PRODUCT_LISTS_PATH, body, token=None, Content_Type="application/msgpack")
    assert answer.status == status


async def test_a_batch_that_is_too_large_is_refused(stall: Stall) -> None:
    assert (await ask(stall, *(f"limit={n}" for n in range(101)))).status == 413
