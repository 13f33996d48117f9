"""What catalog changes, the price list follows."""

from collections.abc import Sequence

from markethall.contracts.messages import CatalogChanged
from markethall.contracts.topology import CATALOG_CHANGED, ORDERS_CATALOG
from markethall.kit.bus import Bus
from markethall.kit.consumer import Consumer
from markethall.kit.db import Database
from markethall.kit.repeats import confirm_found
from markethall.orders.prices.repository import apply_products


def catalog_consumer(bus: Bus, database: Database) -> Consumer[CatalogChanged]:
    """Of the durable `orders-catalog`."""

    async def apply(messages: Sequence[CatalogChanged]) -> None:
        products = [product for message in messages for product in message.products]
        if products:
            async with database.hot() as connection:
                await apply_products(connection, products)
                await confirm_found(connection)

    return Consumer(bus, ORDERS_CATALOG, {CATALOG_CHANGED: CatalogChanged}, apply)
