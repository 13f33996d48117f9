"""What the shop should reach on two cores, the load generator on them too: rows by name, with what is enough and
what would be better."""

from markethall.bench.case import Case, Target
from markethall.bench.load.pace import MANY, SOME, Pace
from markethall.bench.workloads.carts import Carts
from markethall.bench.workloads.lists import Lists
from markethall.bench.workloads.orders import Orders
from markethall.bench.workloads.reads import Path, Reads
from markethall.bench.workloads.sign_in import SignIn
from markethall.bench.workloads.sold_out import SoldOut

ROWS = {
    "read-cached": Case("product read, cached", Reads(), (Target("rate", 40_000, 50_000),)),
    "read-unchanged": Case("product read, 304", Reads(Path.UNCHANGED), (Target("rate", 40_000, 50_000),)),
    "list-cached": Case("list of 20, cached", Lists(), (Target("rate", 20_000),)),
    "sold-out": Case("order refused, sold out", SoldOut(), (Target("rate", 25_000, 40_000),)),
    "cart": Case("cart line set, signed in", Carts(), (Target("rate", 4_000, 8_000),)),
    "sign-in": Case(
        "sign-in, others browse",
        SignIn(),
        (
            Target("of_bare_percent", 80, 90),
            Target("browsing_p50_meanwhile_ms", 2),
            Target("browsing_p99_meanwhile_ms", 10),
        ),
    ),
    "read-uncached": Case("product read, past the cache", Reads(Path.UNCACHED), (Target("rate", 6_000, 9_000),)),
    "list-uncached": Case("list of 20, past the cache", Lists(cached=False), (Target("rate", 1_500),)),
    "orders-1": Case("orders, hot SKU, 1 connection", Orders(Pace(1)), (Target("p50_ms", 2.5, 1.8),), shop="few"),
    "orders-16": Case("orders, hot SKU, 16", Orders(Pace(16)), (Target("rate", 3_000, 4_000),), shop="few"),
    "orders-64": Case(
        "orders, hot SKU, 64", Orders(SOME), (Target("rate", 9_000, 12_000), Target("p99_ms", 10, 8)), shop="few"
    ),
    "orders-256": Case(
        "orders, hot SKU, 256",
        Orders(MANY),
        (
            Target("rate", 15_000, 20_000),
            Target("p99_ms", 25, 20),
            Target("cpu_us", 90, 65),
            Target("memory_mib", 800, 600),
        ),
        shop="many",
    ),
    "baskets-256": Case(
        "orders, 1 to 4 of 1,000 SKUs, 256",
        Orders(MANY, skus=1000),
        (Target("rate", 12_000, 16_000), Target("p99_ms", 30)),
        shop="baskets",
    ),
    "async-256": Case(
        "orders acknowledged, 256", Orders(MANY, respond_async=True), (Target("rate", 18_000, 24_000),), shop="async"
    ),
}
"""Those that share a shop alternate. Audits read every order: a shop is left to no more rows than it bears."""
