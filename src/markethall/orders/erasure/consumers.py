"""An erased account leaves its orders behind, without the person."""

from collections.abc import Sequence
from uuid import UUID

from markethall.contracts.messages import AccountErased
from markethall.contracts.topology import ACCOUNTS_ERASED, ORDERS_ACCOUNTS
from markethall.kit.bus import Bus
from markethall.kit.consumer import Consumer
from markethall.kit.crash_points import crash_point
from markethall.kit.db import Database
from markethall.kit.repeats import confirm_found
from markethall.kit.tasks import Periodic
from markethall.orders.erasure import repository

SWEEP_SECONDS = 60.0


def accounts_consumer(bus: Bus, database: Database) -> Consumer[AccountErased]:
    """Of the durable `orders-accounts`."""

    async def apply(messages: Sequence[AccountErased]) -> None:
        users = sorted({UUID(bytes=message.user_id) for message in messages})
        async with database.hot() as connection:
            await repository.remember(connection, users)
            await repository.forget(connection, users)
            await confirm_found(connection)
            crash_point("orders.forget.before_commit")

    return Consumer(bus, ORDERS_ACCOUNTS, {ACCOUNTS_ERASED: AccountErased}, apply)


def sweep(database: Database) -> Periodic:
    """An access token outlives its account by minutes: what was done with it in that time is swept up."""

    async def forget_again() -> None:
        async with database.hot() as connection:
            await repository.forget(connection, await repository.recently_erased(connection))

    return Periodic("erasure", forget_again, SWEEP_SECONDS)
