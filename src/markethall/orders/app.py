"""Orders: carts, checkout, orders and their status, purchase history. Here all of it is wired."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from markethall.contracts.internal import PLACE_ORDERS_PATH, SET_LINES_PATH
from markethall.kit.app import Service
from markethall.kit.bus import Bus
from markethall.kit.db import Database
from markethall.kit.identity import KeyRing
from markethall.kit.migrations import migrate
from markethall.kit.relay import Relay
from markethall.kit.settings import Settings
from markethall.orders.back_office.endpoints import HANDLERS as BACK_OFFICE_HANDLERS
from markethall.orders.cart.endpoints import HANDLERS as CART_HANDLERS
from markethall.orders.cart.internal import InnerLines
from markethall.orders.cart.service import Carts
from markethall.orders.checkout.endpoints import place_order
from markethall.orders.checkout.internal import InnerOrders
from markethall.orders.checkout.place_order import Checkout
from markethall.orders.checkout.wanted import OrderIds
from markethall.orders.erasure.consumers import accounts_consumer, sweep
from markethall.orders.fulfilment.consumers import stock_consumer
from markethall.orders.fulfilment.endpoints import cancel_order, fulfil_order
from markethall.orders.fulfilment.live import StatusFeed
from markethall.orders.fulfilment.reconciler import Reconciler
from markethall.orders.fulfilment.service import Fulfilment
from markethall.orders.history.endpoints import HANDLERS as HISTORY_HANDLERS
from markethall.orders.history.events import StatusStreams
from markethall.orders.prices.catch_up import CatchUp
from markethall.orders.prices.consumers import catalog_consumer
from markethall.orders.sales.counting import SalesCounter
from markethall.orders.sales.endpoints import HANDLERS as SALES_HANDLERS

MIGRATIONS = Path(__file__).parent / "migrations"


def create(settings: Settings) -> Service:
    """One replica."""
    draining = asyncio.Event()
    bus = Bus(settings, "orders")
    database = Database(settings)
    keys = KeyRing(bus)
    relay = Relay(database, bus)
    feed = StatusFeed(bus, draining)
    order_ids = OrderIds(database)
    prices = CatchUp(bus, database)
    checkout = Checkout(database, relay, settings.currency)
    fulfilment = Fulfilment(database, relay, feed)
    inner_orders = InnerOrders(checkout, order_ids, keys, settings.currency)
    return Service(
        settings,
        "orders",
        bus=bus,
        route_handlers=[
            *CART_HANDLERS,
            place_order,
            *HISTORY_HANDLERS,
            cancel_order,
            fulfil_order,
            *BACK_OFFICE_HANDLERS,
            *SALES_HANDLERS,
        ],
        resources=[
            migrated(settings),
            database,
            order_ids,
            keys,
            feed,
            relay,
            stock_consumer(bus, database, feed),
            catalog_consumer(bus, database),
            accounts_consumer(bus, database),
            sweep(database),
            prices,
            Reconciler(database, relay),
            SalesCounter(database),
            checkout,
            *_devices(settings, bus, database, checkout, fulfilment, order_ids),
        ],
        required={"database": database.check},
        observed={"bus": bus.check, "keys": keys.check, "prices": prices.check},
        dependencies={
            "database": database,
            "carts": Carts(database),
            "checkout": checkout,
            "fulfilment": fulfilment,
            "order_ids": order_ids,
            "status_feed": feed,
            "status_streams": StatusStreams(database, feed),
            "settings": settings,
        },
        keys=keys,
        draining=draining,
        hot={
            ("POST", PLACE_ORDERS_PATH): inner_orders.handler(),
            ("POST", SET_LINES_PATH): InnerLines(database, keys, settings.currency).handler(),
        },
    )


def _devices(
    settings: Settings, bus: Bus, database: Database, checkout: Checkout, fulfilment: Fulfilment, order_ids: OrderIds
) -> list[AbstractAsyncContextManager[Any]]:
    """What MQTT takes, where it is on."""
    if not settings.mqtt_url:
        return []
    from markethall.kit.mqtt import MqttPublisher
    from markethall.orders.devices.consumers import device_consumer
    from markethall.orders.devices.telling import Teller

    bus.serve_devices()
    teller = Teller(database, bus, MqttPublisher(settings), order_ids)
    consumer = device_consumer(bus, database, checkout, fulfilment, order_ids, teller, settings.currency)
    return [teller, consumer]


@asynccontextmanager
async def migrated(settings: Settings) -> AsyncIterator[None]:
    await migrate(settings, MIGRATIONS)
    yield
