"""What is bought: products of the run's own, with as much in stock as is wanted."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from markethall.bench.subject import Subject
from markethall.local.supervisor import together

VARIANTS_EACH = 50
AT_ONCE = 8
PLENTY = 1_000_000_000
PRICE = 1599


@dataclass(frozen=True)
class Goods:
    slugs: tuple[str, ...]
    skus: tuple[str, ...]


async def stock(subject: Subject, skus: int, *, units: int = PLENTY, category: str | None = None) -> Goods:
    """New products of up to 50 variants each, all with `units` on hand. Raises CannotMeasure."""
    run = uuid4().hex[:8]
    names = [f"BENCH-{run}-{number}" for number in range(skus)]
    groups = [names[at : at + VARIANTS_EACH] for at in range(0, skus, VARIANTS_EACH)]
    return await _make(subject, run, groups, units, category)


async def products(subject: Subject, count: int, *, category: str | None = None) -> Goods:
    """As many products, of three variants each. Raises CannotMeasure."""
    run = uuid4().hex[:8]
    groups = [[f"BENCH-{run}-{number}-{size}" for size in range(3)] for number in range(count)]
    return await _make(subject, run, groups, PLENTY, category)


async def _make(subject: Subject, run: str, groups: Sequence[Sequence[str]], units: int, category: str | None) -> Goods:
    token = await subject.admin_token()
    turn = asyncio.Semaphore(AT_ONCE)

    async def product(slug: str, skus: Sequence[str]) -> None:
        async with turn:
            await subject.call("POST", "/api/products", _product(slug, skus, category), token)
        if units:
            await asyncio.gather(*(receipt(sku) for sku in skus))

    async def receipt(sku: str) -> None:
        async with turn:
            body = {"quantity": units, "reference": "bench"}
            await subject.call("POST", f"/api/stock/{sku}/receipts", body, token, Idempotency_Key=f"{run}-{sku}")

    slugs = [f"bench-{run}-{number}" for number in range(len(groups))]
    async with together() as group:
        for slug, skus in zip(slugs, groups, strict=True):
            group.create_task(product(slug, skus))
    return Goods(tuple(slugs), tuple(sku for skus in groups for sku in skus))


def _product(slug: str, skus: Sequence[str], category: str | None) -> dict[str, Any]:
    return {
        "slug": slug,
        "name": slug.replace("-", " ").title(),
        "description": "A thing of use, made to be bought often. " * 4,
        "category": category,
        "attributes": {"material": "beech", "age": 3, "weight_grams": 340},
        "options": [{"name": "size", "values": [str(number) for number in range(len(skus))]}],
        "variants": [
            {"sku": sku, "options": {"size": str(number)}, "price": {"amount": PRICE + number, "currency": "EUR"}}
            for number, sku in enumerate(skus)
        ],
    }
