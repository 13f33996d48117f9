"""The shop beside the usual design and the floors: rows that are measured in turn."""

from markethall.bench.case import Case
from markethall.bench.load.pace import SOME, Pace
from markethall.bench.workloads.batched import Batched
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
