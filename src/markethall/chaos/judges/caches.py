"""When all is quiet, every front shows what the databases have."""

import asyncio
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

import aiohttp
import asyncpg

from markethall.chaos.history import History
from markethall.chaos.judges.final import connect
from markethall.chaos.judges.verdict import Violation, violation
from markethall.local.shop import LocalShop

RULE = "caches equal the source"
AGREE_SECONDS = 5.0
"""A change shows within 250 ms in a healthy shop; a front that was away may need a little to believe itself again."""
LOOK_SECONDS = 0.1

PRODUCTS = "SELECT slug, version FROM products WHERE slug = ANY ($1)"
PRICES = """
SELECT products.slug, variants.sku, variants.price
FROM variants JOIN products ON products.id = product_id WHERE slug = ANY ($1) AND NOT retired
"""
AVAILABLE = "SELECT sku, on_hand - reserved FROM stock WHERE sku = ANY ($1)"

Shown = dict[str, Any]
"""`version`, `prices` and `available` by SKU, as `markethall.chaos.workload.answers` keeps them."""


async def judge_caches(history: History, shop: LocalShop) -> list[Violation]:
    """Of the products that were read in the run, through each front by itself."""
    slugs = sorted({call.answer["slug"] for call in history.of_kind("read_product") if "slug" in call.answer})
    fronts = {entry.replica: entry.url for entry in shop.folder.read_processes() if entry.service == "front"}
    source = await _at_the_source(shop, slugs)
    deadline = monotonic() + AGREE_SECONDS
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        while True:
            found = []
            for replica, url in fronts.items():
                for slug in slugs:
                    shown = await _shown(session, url, slug)
                    if shown != source.get(slug):
                        differing = _differences(source.get(slug), shown)
                        found.append(violation(RULE, f"front {replica} shows {slug} with {differing}"))
            if not found or monotonic() > deadline:
                return found
            await asyncio.sleep(LOOK_SECONDS)


def _differences(source: Shown | None, shown: Shown | None) -> str:
    if source is None or shown is None:
        return f"{shown}, where the source has {source}"
    parts = []
    for name in source:
        if shown.get(name) != source[name]:
            parts.append(f"{name} {shown.get(name)}, where the source has {source[name]}")
    return "; ".join(parts)


async def _at_the_source(shop: LocalShop, slugs: Sequence[str]) -> Mapping[str, Shown]:
    connection = await connect(shop.dsn("catalog"))
    try:
        found: dict[str, Shown] = {
            slug: {"version": version, "prices": {}, "available": {}}
            for slug, version in await connection.fetch(PRODUCTS, slugs)
        }
        for slug, sku, price in await connection.fetch(PRICES, slugs):
            found[slug]["prices"][sku] = price
    finally:
        await connection.close(timeout=5)
    available = await _available(shop, [sku for shown in found.values() for sku in shown["prices"]])
    for shown in found.values():
        shown["available"] = {sku: available.get(sku) for sku in shown["prices"]}
    return found


async def _available(shop: LocalShop, skus: Sequence[str]) -> dict[str, int]:
    connection: asyncpg.Connection[asyncpg.Record] = await connect(shop.dsn("inventory"))
    try:
        return {row[0]: row[1] for row in await connection.fetch(AVAILABLE, skus)}
    finally:
        await connection.close(timeout=5)


async def _shown(session: aiohttp.ClientSession, url: str, slug: str) -> Shown | None:
    try:
        async with session.get(f"{url}/api/products/{slug}") as response:
            if response.status != 200:
                return {"status": response.status}
            body = await response.json()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return {"error": repr(error)}
    return {
        "version": body["version"],
        "prices": {variant["sku"]: variant["price"]["amount"] for variant in body["variants"]},
        "available": {variant["sku"]: variant["available"] for variant in body["variants"]},
    }
