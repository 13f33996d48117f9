"""Answers `catalog.snapshot`: all products, page by page, for services whose copy is not complete."""

import asyncio
from types import TracebackType
from typing import Self
from uuid import UUID

import msgspec
import structlog
from nats.aio.msg import Msg

from markethall.catalog import repository
from markethall.catalog.product import snapshot
from markethall.contracts.messages import ProductSnapshot, SnapshotPage, SnapshotRequest
from markethall.contracts.topology import CATALOG_SNAPSHOT
from markethall.kit.bus import Bus
from markethall.kit.db import Database
from markethall.kit.tasks import cancel

log = structlog.get_logger(__name__)

MAX_PRODUCTS = 200
MAX_PAGE_BYTES = 2 << 20
"""Below what the bus carries in one message."""
QUEUE = "catalog"


class SnapshotResponder:
    """Any replica answers. What cannot be answered now is left: whoever asked asks again."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        listening = self._bus.listen(CATALOG_SNAPSHOT, self._hear, queue=QUEUE)
        self._listening = asyncio.create_task(listening, name="catalog snapshots")
        await asyncio.wait([self._listening], timeout=2.0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await cancel(self._listening)

    async def _hear(self, message: Msg) -> None:
        try:
            request = msgspec.msgpack.decode(message.data, type=SnapshotRequest)
            after = UUID(bytes=request.after) if request.after else UUID(int=0)
            page = await self.page(after, min(max(request.limit, 1), MAX_PRODUCTS))
            await message.respond(msgspec.msgpack.encode(page))
        except Exception as error:
            log.warning("no snapshot answered", reason=repr(error))

    async def page(self, after: UUID, limit: int) -> SnapshotPage:
        """The products whose ids follow `after`: up to `limit`, fewer where they are large, none at the end."""
        async with self._database.begin() as connection:
            found = await repository.page_by_id(connection, after, limit)
        products: list[ProductSnapshot] = []
        size = 0
        for product in map(snapshot, found):
            size += len(msgspec.msgpack.encode(product))
            if products and size > MAX_PAGE_BYTES:
                break
            products.append(product)
        return SnapshotPage(products)
