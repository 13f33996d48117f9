"""`POST /internal/carts/lines`: a batch of lines to set, from front.

Only what can be done at once is done here. Who is refused, or has to wait for a lock, is answered by
`PUT /api/carts/{id}/lines/{sku}`, where front asks then: nobody holds up their neighbours of the batch.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from markethall.contracts.internal import CartDocument, SetLine, SetLines, SetLinesAnswer
from markethall.kit.asgi import ASGIApp, Receive, Scope, Send
from markethall.kit.db import Database
from markethall.kit.errors import Problem, TooLarge
from markethall.kit.identity import KeyRing
from markethall.kit.packed import read_packed, send_packed
from markethall.orders.cart.endpoints import view_of
from markethall.orders.cart.repository import MAX_QUANTITY, FilledCart
from markethall.orders.cart.service import SKU
from markethall.orders.cart.setting import LineToSet, set_lines

MAX_LINES = 500

_decoder = msgspec.msgpack.Decoder(SetLines)


class InnerLines:
    """Verifies each request's own token."""

    def __init__(self, database: Database, keys: KeyRing, currency: str) -> None:
        self._database = database
        self._keys = keys
        self._currency = currency

    def handler(self) -> ASGIApp:
        """A plain ASGI handler."""

        async def set_lines_of_carts(scope: Scope, receive: Receive, send: Send) -> None:
            lines = (await read_packed(scope, receive, _decoder.decode)).lines
            if len(lines) > MAX_LINES:
                raise TooLarge(f"At most {MAX_LINES} lines at once.")
            await send_packed(send, SetLinesAnswer(await self.set(lines)))

        return set_lines_of_carts

    async def set(self, asked: Sequence[SetLine]) -> list[CartDocument | None]:
        """In the order of the request. Of several for one cart the first is served."""
        firsts: dict[UUID, LineToSet] = {}
        served: list[UUID | None] = []
        for line in asked:
            wanted = self._sound(line)
            if wanted is None or wanted.cart_id in firsts:
                served.append(None)
                continue
            firsts[wanted.cart_id] = wanted
            served.append(wanted.cart_id)
        if not firsts:
            return [None] * len(asked)
        async with self._database.single() as connection:
            filled = await set_lines(connection, list(firsts.values()))
        return [
            self._document(filled[cart_id]) if cart_id is not None and cart_id in filled else None for cart_id in served
        ]

    def _sound(self, line: SetLine) -> LineToSet | None:
        """None where the public route has something to say about it."""
        if len(line.cart_id) != 16 or not SKU.fullmatch(line.sku) or not 1 <= line.quantity <= MAX_QUANTITY:
            return None
        try:
            identity = self._keys.verify(line.token) if line.token is not None else None
        except Problem:
            return None
        user_id = identity.user_id if identity is not None else None
        return LineToSet(UUID(bytes=line.cart_id), line.sku, line.quantity, user_id)

    def _document(self, filled: FilledCart) -> CartDocument:
        view = view_of(filled, self._currency)
        return CartDocument(msgspec.json.encode(view), [line.sku for line in view.lines if line.available is None])
