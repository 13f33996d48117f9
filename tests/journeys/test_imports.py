"""A catalogue as CSV through the public address of a whole shop: looked at, put in, repeated, refused."""

import uuid
from typing import Any

import pytest

from tests.support.client import AdminClient, Client, Reply
from tests.support.shop import Shop

pytestmark = pytest.mark.journey

HEADER = "product,name,category,sku,price,stock,option.size"


def catalogue(*lines: str) -> bytes:
    return "\n".join([HEADER, *lines]).encode()


async def send(client: Client, content: bytes, *, dry_run: bool = False, media: str = "text/csv") -> Reply:
    path = "/api/imports/products" + ("?dry_run=true" if dry_run else "")
    return await client.call("POST", path, raw=content, Content_Type=media)


class Goods:
    """Two products, one of which has two variants, in a category of their own."""

    def __init__(self) -> None:
        self.mark = uuid.uuid4().hex[:8]
        self.boat, self.robot = f"boat-{self.mark}", f"robot-{self.mark}"

    def lines(self) -> list[str]:
        mark = self.mark
        return [
            f"{self.boat},Paper boat,Imports > {mark},B-S-{mark},17.90,30,S",
            f"{self.boat},,,B-M-{mark},18.90,,M",
            f"{self.robot},Tin robot,,R-{mark},29.90,12,",
        ]


def verdicts(report: Any) -> dict[str, str]:
    return {product["slug"]: product["verdict"] for product in report["products"]}


async def test_a_catalogue_is_looked_at_then_taken_and_the_same_again_changes_nothing(shop: Shop) -> None:
    goods = Goods()
    content = catalogue(*goods.lines())
    async with AdminClient(shop) as admin:
        preview = (await send(admin, content, dry_run=True)).ok(200)
        assert (preview["applied"], preview["units"], preview["errors"]) == (False, 42, [])
        assert verdicts(preview) == {goods.boat: "create", goods.robot: "create"}
        assert f"imports-{goods.mark}" in preview["new_categories"]
        assert (await admin.get(f"/api/products/{goods.boat}")).status == 404

        taken = (await send(admin, content)).ok(200)
        assert taken["applied"] is True
        boat = (await admin.get(f"/api/products/{goods.boat}")).ok(200)
        sold = {variant["sku"]: (variant["price"]["amount"], variant["available"]) for variant in boat["variants"]}
        assert sold == {f"B-S-{goods.mark}": (1790, 30), f"B-M-{goods.mark}": (1890, 0)}
        assert boat["category"] == f"imports-{goods.mark}"

        again = (await send(admin, content)).ok(200)
        assert verdicts(again) == {goods.boat: "unchanged", goods.robot: "unchanged"}
        assert (await admin.get(f"/api/stock/R-{goods.mark}")).ok(200)["on_hand"] == 12

        await admin.call("DELETE", f"/api/products/{goods.robot}")
        assert verdicts((await send(admin, content, dry_run=True)).ok(200))[goods.robot] == "restore"


async def test_all_mistakes_are_told_by_line_and_nothing_is_taken(shop: Shop) -> None:
    goods = Goods()
    first, second, third = goods.lines()
    content = catalogue(first.replace("17.90", "17.9x"), second.replace("B-M", "B-S"), third.replace("12,", "many,"))
    async with AdminClient(shop) as admin:
        preview = (await send(admin, content, dry_run=True)).ok(200)
        assert [(error["line"], error["column"], error["code"]) for error in preview["errors"]] == [
            (2, "price", "not_an_amount"),
            (3, "sku", "on_line"),
            (4, "stock", "not_a_count"),
        ]
        assert (preview["mistakes"], preview["products"]) == (3, [])
        refused = await send(admin, content)
        assert (refused.status, refused.body["code"]) == (422, "bad_catalogue")
        assert refused.body["lines"] == preview["errors"]
        assert (await admin.get(f"/api/products/{goods.robot}")).status == 404


async def test_what_the_shop_refuses_takes_all_of_it_back(shop: Shop) -> None:
    goods, other = Goods(), Goods()
    async with AdminClient(shop) as admin:
        (await send(admin, catalogue(*goods.lines()))).ok(200)
        # The same slug for another product is seen before anything is done.
        dearer = catalogue(*(line.replace("29.90", "39.90") for line in goods.lines()))
        preview = (await send(admin, dearer, dry_run=True)).ok(200)
        assert verdicts(preview)[goods.robot] == "conflict"
        assert [error["line"] for error in preview["errors"]] == [4]
        assert (await send(admin, dearer)).body["code"] == "import_refused"
        # A SKU that another product has shows only when it is taken.
        stolen = other.lines()
        stolen[2] = stolen[2].replace(f"R-{other.mark}", f"R-{goods.mark}")
        refused = await send(admin, catalogue(*stolen))
        assert (refused.status, refused.body["code"], refused.body["reason"]) == (409, "import_refused", "sku_taken")
        assert (refused.body["line"], refused.body["product"]) == (4, other.robot)
        there = await admin.get(f"/api/products/{other.boat}")
        assert there.status == 404 or there.body["status"] == "archived"


async def test_it_is_for_admins_and_takes_csv_of_bounded_size(shop: Shop) -> None:
    content = catalogue(*Goods().lines())
    async with Client(shop.url) as guest, AdminClient(shop) as admin:
        assert (await send(guest, content)).status == 401
        assert (await send(admin, content, media="application/json")).status == 415
        assert (await send(admin, b"x" * ((1 << 20) + 1))).status == 413
        assert (await send(admin, b"\xff\xfe", dry_run=True)).ok(200)["mistakes"] == 1
        assert (await send(admin, b"", dry_run=True)).ok(200)["mistakes"] > 0
        assert (await admin.call("POST", "/api/imports/products?dry_run=perhaps", raw=content,
                                 Content_Type="text/csv")).status == 422  # fmt: skip
