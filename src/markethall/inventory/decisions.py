"""What a batch of messages comes to. Pure: it works on rows that the caller has locked and read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from markethall.contracts.messages import OrdersCancelled, OrdersFulfilled, OrdersPlaced
from markethall.inventory.allocation import Order, Outcome, allocate, summed

Allocate = Callable[[Mapping[str, int], Sequence[Order]], list[Outcome]]
Command = OrdersPlaced | OrdersCancelled | OrdersFulfilled
State = Literal["reserved", "rejected", "cancelled", "released", "dispatched"]
MovementKind = Literal["receipt", "correction", "replenishment", "reservation", "release", "dispatch"]


class Level(NamedTuple):
    """A stock row as it was read."""

    on_hand: int
    reserved: int
    version: int

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


@dataclass(slots=True)
class Reservation:
    """What was decided about one order. Times are Unix microseconds.

    cancelled: the cancellation came before the order, which then reserves nothing.
    released: it was reserved, and returned by a cancellation.
    """

    order_id: bytes
    state: State
    lines: Mapping[str, int]
    shortages: Outcome = ()
    settled_at: int | None = None
    ended_at: int | None = None


class Movement(NamedTuple):
    """An order moves all of its lines; in the ledger that is an entry for each."""

    kind: Literal["reservation", "release", "dispatch"]
    reservation: Reservation


class LevelChange(NamedTuple):
    """How a stock row ends up different."""

    sku: str
    on_hand_delta: int
    reserved_delta: int
    available: int
    """Afterwards."""
    version: int
    """Afterwards."""


class Decisions:
    """Decides commands in the order they are given; what has to be written and said gathers here.

    `levels` must hold every SKU of the orders placed that the shop knows, and every SKU of
    `reservations`; `reservations` every order of the batch that was decided before.
    """

    def __init__(
        self,
        levels: Mapping[str, Level],
        reservations: Mapping[bytes, Reservation],
        now: int,
        allocate: Allocate = allocate,
    ) -> None:
        self._levels = levels
        self._reservations = dict(reservations)
        self._available = {sku: on_hand - reserved for sku, (on_hand, reserved, _) in levels.items()}
        self._gone: dict[str, int] = {}
        self._now = now
        self._allocate = allocate
        self.made: dict[bytes, Reservation] = {}
        """Reservations that were not there before."""
        self.ended: dict[bytes, Reservation] = {}
        """Reservations that were there, and are released or dispatched now."""
        self.movements: list[Movement] = []
        self.settled: list[Reservation] = []
        self.released: list[tuple[bytes, int]] = []
        """Order and time; nothing is held for it since then."""
        self.dispatched: list[tuple[bytes, int]] = []
        self.out_of_turn: list[tuple[bytes, str]] = []
        """Orders and why a command for them makes no sense; the sender's mistake, and harmless."""

    def decide(self, command: Command) -> None:
        match command:
            case OrdersPlaced():
                self._place(command)
            case OrdersCancelled():
                for order_id in command.order_ids:
                    self._cancel(order_id)
            case OrdersFulfilled():
                for order_id in command.order_ids:
                    self._fulfil(order_id)

    def changes(self) -> list[LevelChange]:
        """The stock rows that end up different."""
        changes: list[LevelChange] = []
        for sku, (on_hand, reserved, version) in self._levels.items():
            available, gone = self._available[sku], self._gone.get(sku, 0)
            held = on_hand - gone - available
            if gone or held != reserved:
                changes.append(LevelChange(sku, -gone, held - reserved, available, version + 1))
        return changes

    def _place(self, command: OrdersPlaced) -> None:
        fresh: dict[bytes, Order] = {}
        for order in orders_in(command):
            known = self._reservations.get(order.order_id)
            if known is not None:
                self._answer(known)
            else:
                fresh.setdefault(order.order_id, order)
        orders = list(fresh.values())
        outcomes = self._allocate(self._available, orders)
        for order, shortages in zip(orders, outcomes, strict=True):
            if shortages:
                reservation = Reservation(order.order_id, "rejected", {}, shortages, self._now)
            else:
                reservation = Reservation(order.order_id, "reserved", order.lines, (), self._now)
                self.movements.append(Movement("reservation", reservation))
                for sku, quantity in order.lines.items():
                    self._available[sku] -= quantity
            self._make(reservation)
            self.settled.append(reservation)

    def _cancel(self, order_id: bytes) -> None:
        reservation = self._reservations.get(order_id)
        if reservation is None:
            reservation = Reservation(order_id, "cancelled", {}, ended_at=self._now)
            self._make(reservation)
        elif reservation.state == "reserved":
            self.movements.append(Movement("release", reservation))
            for sku, quantity in reservation.lines.items():
                self._available[sku] += quantity
            self._end(reservation, "released")
        elif reservation.state == "rejected":
            assert reservation.settled_at is not None
            self.released.append((order_id, reservation.settled_at))
            return
        elif reservation.state == "dispatched":
            self.out_of_turn.append((order_id, "cancelled after its goods had left"))
        self._answer_end(reservation)

    def _fulfil(self, order_id: bytes) -> None:
        reservation = self._reservations.get(order_id)
        if reservation is None:
            # It was placed, or nobody could fulfil it: both commands will be sent again.
            self.out_of_turn.append((order_id, "fulfilled before it was placed"))
            return
        if reservation.state == "reserved":
            self.movements.append(Movement("dispatch", reservation))
            for sku, quantity in reservation.lines.items():
                self._gone[sku] = self._gone.get(sku, 0) + quantity
            self._end(reservation, "dispatched")
        elif reservation.state != "dispatched":
            self.out_of_turn.append((order_id, f"fulfilled, but {reservation.state}"))
            self._answer(reservation)
            return
        self._answer_end(reservation)

    def _answer(self, reservation: Reservation) -> None:
        """All that is known, to one who asks again."""
        if reservation.settled_at is not None:
            self.settled.append(reservation)
        self._answer_end(reservation)

    def _answer_end(self, reservation: Reservation) -> None:
        if reservation.ended_at is not None:
            answers = self.dispatched if reservation.state == "dispatched" else self.released
            answers.append((reservation.order_id, reservation.ended_at))

    def _make(self, reservation: Reservation) -> None:
        self._reservations[reservation.order_id] = self.made[reservation.order_id] = reservation

    def _end(self, reservation: Reservation, state: Literal["released", "dispatched"]) -> None:
        reservation.state = state
        reservation.ended_at = self._now
        if reservation.order_id not in self.made:
            self.ended[reservation.order_id] = reservation


def orders_in(message: OrdersPlaced) -> Iterator[Order]:
    """The orders of a columnar message."""
    start = 0
    for order_id, count in zip(message.order_ids, message.line_counts, strict=True):
        end = start + count
        yield Order(order_id, summed(message.skus[start:end], message.quantities[start:end]))
        start = end


def skus_of(commands: Sequence[Command], reservations: Mapping[bytes, Reservation]) -> set[str]:
    """Every SKU that deciding `commands` may touch."""
    skus: set[str] = set()
    for command in commands:
        if isinstance(command, OrdersPlaced):
            skus.update(command.skus)
    for reservation in reservations.values():
        skus.update(reservation.lines)
    return skus
