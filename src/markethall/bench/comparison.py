"""Rows that are measured beside each other: the shop and its peers, a young shop and an old one."""

from markethall.bench.case import Case, Target
from markethall.bench.load.pace import SOME, Pace
from markethall.bench.workloads.batched import Batched
from markethall.bench.workloads.growth import Growth, Work
from markethall.bench.workloads.memory import FromMemory
from markethall.bench.workloads.orders import Orders
from markethall.bench.workloads.reads import Reads
from markethall.bench.workloads.usual import UsualOrders, UsualReads

ORDERS, READS = "orders: Markethall", "reads: Markethall, cached"


def cases(connections: int, skus: int, batch: int) -> list[Case]:
    orders = Orders(Pace(connections), skus)
    return [
        Case(ORDERS, orders),
        Case("orders: one transaction each", UsualOrders(orders), compared=ORDERS),
        Case(f"orders: the database alone, {batch} at once", Batched(batch), compared=ORDERS),
        Case("orders: HTTP alone, from memory", FromMemory("POST", Pace(connections)), compared=ORDERS),
        Case(READS, Reads()),
        Case("reads: a query each", UsualReads(SOME), compared=READS),
        Case("reads: HTTP alone, from memory", FromMemory("GET", SOME), compared=READS),
    ]


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
