"""Placing orders: whatever waits is committed together, and each buyer is answered after that commit."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import NamedTuple, Self
from uuid import UUID

import asyncpg
import structlog

from markethall.kit.crash_points import crash_point
from markethall.kit.db import Database
from markethall.kit.errors import Problem
from markethall.kit.group_commit import GroupCommit
from markethall.kit.outbox import OutboxMessage, Written, enqueue_hot
from markethall.kit.relay import Relay
from markethall.kit.repeats import confirm_found
from markethall.orders.checkout import repository
from markethall.orders.checkout.batch import Outcome, drafts_of, firsts, outcome, skus_of
from markethall.orders.checkout.draft import Draft, Wanted
from markethall.orders.errors import PricesIncomplete, UnknownSku
from markethall.orders.fulfilment.status import Facts
from markethall.orders.order import Order
from markethall.orders.placed import PlacedOrder, outbox_messages

log = structlog.get_logger(__name__)

COMMIT_SECONDS = 8.0
"""A batch that takes longer is given up. The reconciler counts on it (`reconciler.RIPE_SECONDS`)."""


class Checkout:
    """Makes orders. `place` answers the order: made now, or by an earlier request with the same id."""

    def __init__(self, database: Database, relay: Relay, currency: str) -> None:
        self._database = database
        self._relay = relay
        self._currency = currency
        self._group: GroupCommit[Wanted, Order] = GroupCommit(self._commit)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._group.close()

    async def place(self, wanted: Wanted) -> Order:
        """
        Raises:
            CartNotFound, EmptyOrder, UnknownSku, PriceChanged, TooManyLines, TooMuch: nothing was ordered.
            KeyReused: an order with this id exists, and was another request's.
            Unavailable: not just now; it may have been made all the same, and a repeat tells.
        """
        return await self._group.submit(wanted)

    async def place_many(self, wishes: Sequence[Wanted]) -> list[Order | Exception]:
        """Each with its order, or with what `place` would raise."""
        return await self._group.submit_all(wishes)

    async def _commit(self, batch: Sequence[Wanted]) -> list[Order | Exception]:
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                return list(await self._place_all(batch))
        except (Problem, TimeoutError):
            raise
        except Exception as error:
            if len(batch) == 1:
                raise
            # One of them is what no check foresaw: the others shall not suffer from it.
            log.error("a batch of orders failed; placing them one by one", exc_info=error)
            return [await self._alone(wanted) for wanted in batch]

    async def _alone(self, wanted: Wanted) -> Order | Exception:
        try:
            return (await self._commit([wanted]))[0]
        except Exception as error:
            return error

    async def _place_all(self, batch: Sequence[Wanted]) -> list[Outcome]:
        """Usually one transaction. Those that contend for a cart or an id wait for the next."""
        outcomes: dict[int, Outcome] = {}
        waiting = list(range(len(batch)))
        while waiting:
            tried = await self._place_once([batch[index] for index in waiting])
            outcomes |= {index: result for index, result in zip(waiting, tried, strict=True) if result is not None}
            still = [index for index in waiting if index not in outcomes]
            if len(still) == len(waiting):
                raise RuntimeError("no request of the batch came to an end")
            waiting = still
        return [outcomes[index] for index in range(len(batch))]

    async def _place_once(self, batch: Sequence[Wanted]) -> list[Outcome | None]:
        """One transaction. None: to be tried again after it; the first of the batch never is."""
        wishes = firsts(batch)
        placed = await self._place_new(wishes) or await self._place_any(wishes)
        crash_point("orders.place.after_commit")
        self._relay.hand_over(placed.said)
        return [outcome(wanted, wishes[wanted.order_id], placed.made, placed.refused) for wanted in batch]

    async def _place_new(self, wishes: Mapping[UUID, Wanted]) -> "_Placed | None":
        """As most batches are: no order exists yet, takes a cart, or is refused. Two statements; the second is the
        transaction. None, and nothing done, where it is not so."""
        if any(wanted.cart_id for wanted in wishes.values()):
            return None
        async with self._database.single() as connection:
            prices = await repository.prices_of(connection, skus_of(wishes.values(), {}))
            drafts, refused = drafts_of(wishes.values(), {}, prices, self._currency)
            if refused:
                return None
            _about_to_commit()
            try:
                numbers, at, said = await repository.insert_new(connection, drafts, self._currency, _messages(drafts))
            except asyncpg.UniqueViolationError:
                return None
        made = {
            draft.wanted.order_id: self._order(draft, number, at) for draft, number in zip(drafts, numbers, strict=True)
        }
        return _Placed(made, {}, said)

    async def _place_any(self, wishes: Mapping[UUID, Wanted]) -> "_Placed":
        async with self._database.hot() as connection:
            carts = await repository.lock_carts(connection, {w.cart_id for w in wishes.values() if w.cart_id})
            prices = await repository.prices_of(connection, skus_of(wishes.values(), carts))
            drafts, refused = drafts_of(wishes.values(), carts, prices, self._currency)
            if any(isinstance(problem, UnknownSku) for problem in refused.values()) and (
                not await repository.copy_is_complete(connection)
            ):
                refused = {key: _not_known_yet(problem) for key, problem in refused.items()}
            inserted = await repository.insert_orders(connection, drafts, self._currency)
            new = [draft for draft in drafts if draft.wanted.order_id in inserted]
            await repository.empty_carts(connection, [draft.wanted.cart_id for draft in new if draft.wanted.cart_id])
            said = await enqueue_hot(connection, _messages(new))
            made = await repository.orders_by_id(connection, wishes.keys() - inserted.keys())
            if made and not new:
                await confirm_found(connection)
            _about_to_commit()
        for draft in new:
            made[draft.wanted.order_id] = self._order(draft, *inserted[draft.wanted.order_id])
        return _Placed(made, refused, said)

    def _order(self, draft: Draft, number: int, placed_at: datetime) -> Order:
        wanted = draft.wanted
        return Order(
            id=wanted.order_id,
            number=number,
            user_id=wanted.user_id,
            fingerprint=wanted.fingerprint,
            currency=self._currency,
            lines=draft.lines,
            total=draft.total,
            facts=Facts(placed_at),
        )


class _Placed(NamedTuple):
    """After a transaction: the orders that exist, who was refused, and what stands in the outbox about it."""

    made: dict[UUID, Order]
    refused: dict[UUID, Problem]
    said: list[Written]


def _messages(drafts: Sequence[Draft]) -> list[OutboxMessage]:
    return outbox_messages([PlacedOrder(draft.wanted.order_id, draft.lines) for draft in drafts])


def _about_to_commit() -> None:
    crash_point("orders.place.before_commit")


def _not_known_yet(problem: Problem) -> Problem:
    return PricesIncomplete() if isinstance(problem, UnknownSku) else problem
