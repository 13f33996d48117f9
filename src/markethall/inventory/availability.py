"""`POST /internal/availability`: what front asks for SKUs it knows nothing of. Plain ASGI, MessagePack."""

import msgspec

from markethall.contracts.internal import AvailabilityAnswer, AvailabilityRequest
from markethall.inventory import batches
from markethall.kit.asgi import ASGIApp, Receive, Scope, Send
from markethall.kit.db import Database
from markethall.kit.errors import Invalid
from markethall.kit.packed import read_packed, send_packed

MAX_SKUS = 10_000


def availability(database: Database) -> ASGIApp:
    decoder = msgspec.msgpack.Decoder(AvailabilityRequest)

    async def levels_of(scope: Scope, receive: Receive, send: Send) -> None:
        asked = await read_packed(scope, receive, decoder.decode)
        skus = {sku for sku in asked.skus if "\0" not in sku}
        if len(skus) > MAX_SKUS:
            raise Invalid(f"At most {MAX_SKUS} SKUs.")
        async with database.hot() as connection:
            levels = await batches.read_levels(connection, skus)
        answer = AvailabilityAnswer(
            list(levels),
            [level.available for level in levels.values()],
            [level.version for level in levels.values()],
        )
        await send_packed(send, answer)

    return levels_of
