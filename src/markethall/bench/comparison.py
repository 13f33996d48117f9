"""Rows that are measured beside each other: the shop and its peers, a young shop and an old one."""

from collections.abc import Iterator, Sequence

from markethall.bench.case import Case, Target
from markethall.bench.load.pace import SOME, Pace
from markethall.bench.workloads.batched import Batched
from markethall.bench.workloads.growth import Growth, Work
from markethall.bench.workloads.memory import FromMemory
from markethall.bench.workloads.orders import Orders
from markethall.bench.workloads.reads import Path, Reads
from markethall.bench.workloads.usual import UsualOrders, UsualReads

USUAL, DATABASE, HTTP = "one transaction each", "the database alone", "HTTP alone"


def cases(connections: Sequence[int], skus: int, batch: int) -> list[Case]:
    """Orders of one SKU at each of `connections`; baskets of `skus`, and orders that are acknowledged, at the most of
    them; reads. What a row is compared with stands in the same shop, so that their rounds alternate.
    """
    return [*_orders(sorted(set(connections)), skus, batch), *_reads(), *_reads_past_the_cache()]


def _orders(connections: Sequence[int], skus: int, batch: int) -> Iterator[Case]:
    """HTTP alone is measured with one connection and with the most: what lies between can be no faster than those."""
    most = connections[-1]
    for count in connections:
        orders, name = Orders(Pace(count)), f"orders, {count}"
        usual, database = f"{name}: {USUAL}", f"{name}: {DATABASE}"
        http = f"orders, {count if count == 1 else most}: {HTTP}"
        yield Case(name, orders, usual=usual, floors=(database, http))
        yield Case(usual, UsualOrders(orders))
        yield Case(database, Batched.of_buyers(count, batch))
        if count in (1, most):
            yield Case(http, FromMemory("POST", Pace(count)))
    floors = (f"orders, {most}: {DATABASE}", f"orders, {most}: {HTTP}")
    baskets = Orders(Pace(most), skus)
    name = f"baskets of {skus:,} SKUs, {most}"
    yield Case(name, baskets, usual=f"{name}: {USUAL}", floors=floors)
    yield Case(f"{name}: {USUAL}", UsualOrders(baskets))
    acknowledged = Orders(Pace(most), respond_async=True)
    yield Case(f"orders acknowledged, {most}", acknowledged, usual=f"orders, {most}: {USUAL}", floors=floors)


def _reads() -> Iterator[Case]:
    usual, http = "reads: a query each", f"reads: {HTTP}"
    yield Case("reads, cached", Reads(), usual=usual, floors=(http,))
    yield Case("reads, 304", Reads(Path.UNCHANGED), usual=usual, floors=(http,))
    yield Case(usual, UsualReads())
    yield Case(http, FromMemory("GET", SOME))


def _reads_past_the_cache() -> Iterator[Case]:
    """In a shop with other settings, and so with peers of their own."""
    reads = Reads(Path.UNCACHED)
    usual, http = "reads past the cache: a query each", f"reads past the cache: {HTTP}"
    yield Case("reads past the cache", reads, usual=usual, floors=(http,))
    yield Case(usual, UsualReads(settings=reads.settings))
    yield Case(http, FromMemory("GET", SOME, reads.settings))


def grown(young: tuple[int, int], old: tuple[int, int], connections: int) -> list[Case]:
    """Products and orders of each. An old shop should not be slower by half."""
    found = []
    for age, (products, orders) in (("young", young), ("old", old)):
        for work in Work:
            name = f"{work}, {products:,} products"
            compared = f"{work}, {young[0]:,} products" if age == "old" else None
            workload = Growth(work, products, orders, Pace(connections))
            targets = (Target("ratio", 1.5),) if compared else ()
            found.append(Case(name, workload, targets, shop=age, compared=compared))
    return found
