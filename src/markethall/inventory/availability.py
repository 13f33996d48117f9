"""`POST /internal/availability`: what front asks for SKUs it knows nothing of. Plain ASGI, MessagePack."""

import msgspec

from markethall.contracts.internal import AvailabilityAnswer, AvailabilityRequest
from markethall.inventory import batches
from markethall.kit.asgi import ASGIApp, Receive, Scope, Send, read_body, send_answer
from markethall.kit.db import Database
from markethall.kit.errors import Invalid
from markethall.kit.settings import Settings

MAX_SKUS = 10_000


def availability(database: Database, settings: Settings) -> ASGIApp:
    decoder = msgspec.msgpack.Decoder(AvailabilityRequest)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(scope, receive, settings.max_body_bytes, settings.body_timeout_seconds)
        skus = {sku for sku in decoder.decode(body).skus if "\0" not in sku}
        if len(skus) > MAX_SKUS:
            raise Invalid(f"At most {MAX_SKUS} SKUs.")
        async with database.hot() as connection:
            levels = await batches.read_levels(connection, skus)
        payload = msgspec.msgpack.encode(
            AvailabilityAnswer(
                list(levels),
                [level.available for level in levels.values()],
                [level.version for level in levels.values()],
            )
        )
        await send_answer(send, 200, [(b"content-type", b"application/msgpack")], payload)

    return answer
