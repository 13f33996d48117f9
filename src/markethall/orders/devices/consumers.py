"""What devices ask for: placed as over HTTP, and every answer noted for the device to be told."""

from collections.abc import Sequence

import msgspec
from nats.aio.msg import Msg

from markethall.contracts.topology import ORDERS_DEVICES
from markethall.kit.bus import Bus
from markethall.kit.consumer import Consumer, bury
from markethall.kit.crash_points import crash_point
from markethall.kit.db import Database
from markethall.kit.errors import Problem, Unavailable
from markethall.orders.checkout.place_order import Checkout
from markethall.orders.checkout.wanted import OrderIds, wanted_from
from markethall.orders.devices import repository
from markethall.orders.devices.reading import Cancellation, Placement, Unusable, Wish, read
from markethall.orders.devices.repository import Note
from markethall.orders.devices.telling import Teller
from markethall.orders.errors import OrderNotFound
from markethall.orders.fulfilment.service import Fulfilment
from markethall.orders.history.ownership import order_id_from
from markethall.orders.order import Order

BATCH = 16
"""A hostile message may have the 8 MiB that the bus takes."""


def device_consumer(
    bus: Bus,
    database: Database,
    checkout: Checkout,
    fulfilment: Fulfilment,
    order_ids: OrderIds,
    teller: Teller,
    currency: str,
) -> Consumer[Wish]:
    """Of the durable `orders-devices` on what the MQTT listener keeps."""
    desk = DeviceDesk(bus, database, checkout, fulfilment, order_ids, teller, currency)
    return Consumer(bus, ORDERS_DEVICES, {}, desk.apply, batch=BATCH, read=_read)


class DeviceDesk:
    """Serves a batch. Who refuses may pass (database away) makes all of it come again: repeats change nothing."""

    def __init__(
        self,
        bus: Bus,
        database: Database,
        checkout: Checkout,
        fulfilment: Fulfilment,
        order_ids: OrderIds,
        teller: Teller,
        currency: str,
    ) -> None:
        self._bus = bus
        self._database = database
        self._checkout = checkout
        self._fulfilment = fulfilment
        self._order_ids = order_ids
        self._teller = teller
        self._currency = currency

    async def apply(self, wishes: Sequence[Wish]) -> None:
        """
        Raises:
            Unavailable: not just now.
        """
        notes = await self._place([wish for wish in wishes if isinstance(wish, Placement)])
        unusable = [wish for wish in wishes if isinstance(wish, Unusable)]
        for wish in unusable:
            if wish.key is not None:
                notes[wish.key] = _after(notes.get(wish.key), Note(refusal=wish.problem.code))
        if notes:
            async with self._database.hot() as connection:
                await repository.note(connection, notes)
                crash_point("devices.note.before_commit")
            crash_point("devices.note.after_commit")
        for cancellation in (wish for wish in wishes if isinstance(wish, Cancellation)):
            refusal = await self._cancel(cancellation)
            if refusal is not None:
                unusable.append(refusal)
        for wish in unusable:
            reason = f"{wish.problem.code}: {wish.problem.detail}"
            reason += "".join(f" ({error.field}: {error.message})" for error in wish.problem.errors)
            await bury(self._bus, ORDERS_DEVICES, wish.subject, wish.payload, reason, letter=wish.letter or None)
        self._teller.wake()

    async def _place(self, placements: Sequence[Placement]) -> dict[str, Note]:
        """By key, the orders that stand after it and what was refused."""
        wanted = [
            wanted_from(one.request, None, self._order_ids.id_for(None, one.key), self._currency) for one in placements
        ]
        outcomes = await self._checkout.place_many(wanted)
        notes: dict[str, Note] = {}
        for placement, outcome in zip(placements, outcomes, strict=True):
            if isinstance(outcome, Order):
                made = Note(order_id=outcome.id)
            elif isinstance(outcome, Problem) and not isinstance(outcome, Unavailable):
                made = Note(refusal=outcome.code)
            else:
                raise outcome
            notes[placement.key] = _after(notes.get(placement.key), made)
        return notes

    async def _cancel(self, cancellation: Cancellation) -> Unusable | None:
        """What was refused to nobody in particular: no device is known that placed the order."""
        try:
            order_id = order_id_from(cancellation.order_id)
        except OrderNotFound as problem:
            return _untold(cancellation, problem)
        refused: Problem | None = None
        try:
            await self._fulfilment.cancel(order_id, None)
        except Unavailable:
            raise
        except Problem as problem:
            refused = problem
        if isinstance(refused, OrderNotFound):
            return _untold(cancellation, refused)
        async with self._database.hot() as connection:
            known = await repository.note_of_order(connection, order_id, refused.code if refused else None)
        return _untold(cancellation, refused) if refused and not known else None


def _read(message: Msg) -> Wish:
    wish = read(message.subject, message.data)
    if isinstance(wish, Placement):
        return wish
    at = message.metadata
    letter = f"{ORDERS_DEVICES.name}-{at.sequence.stream}-{at.timestamp.timestamp()}"
    return msgspec.structs.replace(wish, letter=letter)


def _after(earlier: Note | None, later: Note) -> Note:
    """Both requests had the same key."""
    return Note(order_id=later.order_id or (earlier.order_id if earlier else None), refusal=later.refusal)


def _untold(cancellation: Cancellation, problem: Problem) -> Unusable:
    return Unusable(cancellation.subject, cancellation.payload, problem, letter=cancellation.letter)
