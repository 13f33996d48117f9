"""Receiving goods, and correcting what was counted wrong."""

import hashlib
from typing import Literal

import msgspec
import structlog

from markethall.inventory import repository
from markethall.inventory.answers import stock_changed
from markethall.inventory.decisions import Level
from markethall.inventory.errors import BelowReserved, KeyReused, TooMuchStock, UnknownSku
from markethall.inventory.schemas import ReceiptRequest, ReceiptView, StockView
from markethall.inventory.tables import MAX_ON_HAND, outbox
from markethall.kit.applied import AppliedNotices
from markethall.kit.bus import Bus
from markethall.kit.crash_points import crash_point
from markethall.kit.db import Database
from markethall.kit.errors import FieldError, Invalid
from markethall.kit.outbox import OutboxMessage, enqueue
from markethall.kit.relay import Relay

log = structlog.get_logger(__name__)


class Receiving:
    """Takes receipts. One that is answered is for sale through every front."""

    def __init__(self, database: Database, relay: Relay, notices: AppliedNotices, bus: Bus) -> None:
        self._database = database
        self._relay = relay
        self._notices = notices
        self._bus = bus

    async def receive(self, sku: str, request: ReceiptRequest, key: str | None) -> ReceiptView:
        """
        Raises:
            UnknownSku, BelowReserved, TooMuchStock, KeyReused, Invalid: and nothing has changed.
        """
        if request.quantity == 0:
            raise Invalid(errors=[FieldError("quantity", "Expected any quantity but 0", "zero")])
        with self._notices.notice() as notice:
            async with self._database.begin() as connection:
                level = await repository.lock_level(connection, sku)
                if level is None:
                    raise UnknownSku(f"Catalog has no variant {sku!r}.")
                # The lock holds back a second request with the same key until this one is decided.
                if key is not None:
                    earlier = await repository.find_receipt(connection, key, sku)
                    if earlier is not None:
                        return _repeated(request, *earlier)
                new = _received(level, request.quantity)
                kind: Literal["receipt", "correction"] = "receipt" if request.quantity > 0 else "correction"
                movement_id, at = await repository.move_on_hand(
                    connection, sku, kind, request.quantity, request.reference
                )
                receipt = ReceiptView(movement_id, kind, request.quantity, request.reference, at, stock_view(sku, new))
                if key is not None:
                    encoded = msgspec.json.encode(receipt)
                    await repository.keep_receipt(connection, key, sku, _fingerprint(request), encoded)
                changed = stock_changed({sku: new}, notice.reply_to)
                await enqueue(connection, outbox, changed)
                crash_point("inventory.receive.before_commit")
            crash_point("inventory.receive.after_commit")
            self._relay.wake()
            if not await notice.wait({}):
                await self._say_directly(changed)
        return receipt

    async def _say_directly(self, messages: list[OutboxMessage]) -> None:
        """The relay is held up. A front that hears our pulse must hear this before we answer."""
        try:
            for message in messages:
                await self._bus.publish_live(message.subject, message.payload)
            await self._bus.flush()
        except Exception as error:
            log.warning("the fronts will hear of a receipt later", reason=repr(error))


def stock_view(sku: str, level: Level) -> StockView:
    return StockView(sku, level.on_hand, level.reserved, level.available, level.version)


def _received(level: Level, quantity: int) -> Level:
    new = Level(level.on_hand + quantity, level.reserved, level.version + 1)
    if new.on_hand < new.reserved:
        raise BelowReserved(
            f"{level.on_hand} are on hand and {level.reserved} of them reserved.",
            on_hand=level.on_hand,
            reserved=level.reserved,
        )
    if new.on_hand > MAX_ON_HAND:
        raise TooMuchStock(f"At most {MAX_ON_HAND} of a SKU can be on hand.", on_hand=level.on_hand)
    return new


def _repeated(request: ReceiptRequest, fingerprint: bytes, answer: bytes) -> ReceiptView:
    if fingerprint != _fingerprint(request):
        raise KeyReused()
    return msgspec.json.decode(answer, type=ReceiptView)


def _fingerprint(request: ReceiptRequest) -> bytes:
    return hashlib.sha256(msgspec.json.encode([request.quantity, request.reference])).digest()
