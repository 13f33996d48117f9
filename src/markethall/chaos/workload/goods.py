"""What is bought: a few scarce SKUs that everybody wants, many that there is plenty of, and one whose price moves.

All are made for this run, and nobody else sells them: so receipts and orders of the history are all there were.
"""

import random
from dataclasses import dataclass
from time import monotonic
from typing import Any

import aiohttp

from markethall.chaos.history import Call, History, Request
from markethall.chaos.workload.people import insist

PRODUCTS = "/api/products"
HOT_SKUS = 4
WIDE_PRODUCTS = 6
WIDE_SKUS_EACH = 8


@dataclass(frozen=True)
class Goods:
    """SKUs by how they are wanted, and the product that an admin keeps changing."""

    hot: tuple[str, ...]
    wide: tuple[str, ...]
    changing_slug: str
    slugs: tuple[str, ...]

    @property
    def skus(self) -> tuple[str, ...]:
        return self.hot + self.wide

    def wanted(self, dice: random.Random, hot_share: float) -> dict[str, int]:
        """Lines of one order: SKU → quantity."""
        if dice.random() < hot_share:
            lines = {dice.choice(self.hot): dice.randint(1, 2)}
            if dice.random() < 0.2:
                lines[dice.choice(self.wide)] = 1
            return lines
        return {sku: dice.randint(1, 3) for sku in dice.sample(self.wide, dice.randint(1, 3))}


async def prepare(session: aiohttp.ClientSession, url: str, token: str, run: str, history: History) -> Goods:
    """New products, with nothing in stock yet; the history says what they cost. Raises CannotStart."""

    async def make(slug: str, skus: tuple[str, ...]) -> None:
        product, started = _product(slug, skus), monotonic()
        await insist(session, "POST", f"{url}{PRODUCTS}", product, {"Authorization": f"Bearer {token}"})
        made = Call("admin", "make_product", started, monotonic(), "ok", Request("POST", PRODUCTS, product), status=201)
        history.add(made)

    hot = tuple(f"HOT-{run}-{number}" for number in range(HOT_SKUS))
    slugs = [f"hot-{run}"]
    await make(slugs[0], hot)
    wide: list[str] = []
    for product in range(WIDE_PRODUCTS):
        skus = tuple(f"WIDE-{run}-{product}-{number}" for number in range(WIDE_SKUS_EACH))
        slugs.append(f"wide-{run}-{product}")
        await make(slugs[-1], skus)
        wide += skus
    return Goods(hot, tuple(wide), slugs[1], tuple(slugs))


def _product(slug: str, skus: tuple[str, ...]) -> dict[str, Any]:
    return {
        "slug": slug,
        "name": slug.replace("-", " "),
        "description": "",
        "options": [{"name": "no", "values": [str(number) for number in range(len(skus))]}],
        "variants": [
            {"sku": sku, "options": {"no": str(number)}, "price": {"amount": 500, "currency": "EUR"}}
            for number, sku in enumerate(skus)
        ],
    }
