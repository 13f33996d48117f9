"""What inventory says after a batch: outcomes to orders, levels to the fronts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec

from markethall.contracts.messages import StockChanged, StockDispatched, StockReleased, StockSettled
from markethall.contracts.topology import LIVE_STOCK_CHANGED, STOCK_DISPATCHED, STOCK_RELEASED, STOCK_SETTLED
from markethall.inventory.decisions import Decisions, Level, LevelChange, Reservation
from markethall.kit.outbox import OutboxMessage

MAX_ITEMS = 10_000
"""Orders, shortages or SKUs in one message: it stays below 2 MiB, and the bus takes 8."""

T = TypeVar("T")


def answers(decisions: Decisions, changes: Sequence[LevelChange]) -> list[OutboxMessage]:
    """The messages a batch leads to."""
    return [
        *(_message(STOCK_SETTLED, _settled(some)) for some in _by_shortages(decisions.settled)),
        *(
            _message(STOCK_RELEASED, StockReleased([order_id for order_id, _ in some], [at for _, at in some]))
            for some in _portions(decisions.released)
        ),
        *(
            _message(STOCK_DISPATCHED, StockDispatched([order_id for order_id, _ in some], [at for _, at in some]))
            for some in _portions(decisions.dispatched)
        ),
        *_stock_changed([(change.sku, change.available, change.version) for change in changes], None),
    ]


def stock_changed(levels: Mapping[str, Level], reply_to: str | None = None) -> list[OutboxMessage]:
    """For the fronts: the new levels of these SKUs."""
    return _stock_changed([(sku, level.available, level.version) for sku, level in levels.items()], reply_to)


def _stock_changed(rows: Sequence[tuple[str, int, int]], reply_to: str | None) -> list[OutboxMessage]:
    return [
        _message(LIVE_STOCK_CHANGED, StockChanged(*map(list, zip(*some, strict=True))), reply_to)
        for some in _portions(rows)
    ]


def _settled(reservations: Sequence[Reservation]) -> StockSettled:
    return StockSettled(
        [reservation.order_id for reservation in reservations],
        [reservation.state != "rejected" for reservation in reservations],
        [reservation.settled_at or 0 for reservation in reservations],
        {index: list(each.shortages) for index, each in enumerate(reservations) if each.shortages},
    )


def _by_shortages(reservations: Sequence[Reservation]) -> Iterator[list[Reservation]]:
    """Portions of reservations; one that was rejected weighs as much as it has shortages."""
    portion: list[Reservation] = []
    weight = 0
    for reservation in reservations:
        own = 1 + len(reservation.shortages)
        if portion and weight + own > MAX_ITEMS:
            yield portion
            portion, weight = [], 0
        portion.append(reservation)
        weight += own
    if portion:
        yield portion


def _portions(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), MAX_ITEMS):
        yield items[start : start + MAX_ITEMS]


def _message(subject: str, body: msgspec.Struct, reply_to: str | None = None) -> OutboxMessage:
    return OutboxMessage(subject, msgspec.msgpack.encode(body), reply_to)
