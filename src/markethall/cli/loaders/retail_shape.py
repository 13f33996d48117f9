"""Derives from the data set what `markethall.bench.workloads.shape` knows of it.

python -m markethall.cli.loaders.retail_shape FILE
"""

import sys
from collections import Counter
from pathlib import Path

from markethall.bench.workloads.shape import Shape, shape_of
from markethall.cli.loaders.online_retail import Order, Retail, read


def retail_shape(retail: Retail) -> Shape:
    """Raises ValueError where nothing was ordered."""
    orders = retail.orders
    return shape_of(
        [_basket(order) for order in orders],
        [order.customer for order in orders],
        taken_back=len(retail.events) - len(orders),
    )


def _basket(order: Order) -> Counter[str]:
    """Units by StockCode, at whatever price."""
    basket: Counter[str] = Counter()
    for sku, units in order.quantities.items():
        basket[sku.rpartition("-")[0]] += units
    return basket


if __name__ == "__main__":
    for name, value in vars(retail_shape(read(Path(sys.argv[1])))).items():
        sys.stdout.write(f"{name}={value},\n")
