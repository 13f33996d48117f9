"""Stand-ins for the services behind front: real processes' plumbing (bus, registry, HTTP), scripted answers."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec
from nats.aio.msg import Msg

from markethall.contracts.internal import (
    AVAILABILITY_PATH,
    PLACE_ORDERS_PATH,
    PRODUCT_LISTS_PATH,
    PRODUCTS_BY_SLUG_PATH,
    PRODUCTS_PATH,
    AvailabilityAnswer,
    AvailabilityRequest,
    ListDocument,
    ListDocuments,
    ListedProduct,
    ListedProducts,
    OrderDocument,
    PlaceOrder,
    PlaceOrders,
    PlaceResult,
    PlaceResults,
    ProductDocument,
    ProductDocuments,
    ProductLists,
    ProductsBySlug,
)
from markethall.contracts.messages import (
    CatalogChanged,
    OrderStatusChanged,
    ProductSnapshot,
    Pulse,
    Shortage,
    StockChanged,
)
from markethall.contracts.public import (
    HistoryEntry,
    Money,
    OrderedLine,
    OrderView,
    ProductPage,
    ProductSummary,
    ProductView,
    VariantView,
)
from markethall.contracts.topology import APPLIED, CATALOG_CHANGED, LIVE_ORDERS_STATUS, LIVE_PULSE, LIVE_STOCK_CHANGED
from markethall.front.app import create
from markethall.front.routes import SERVICES
from markethall.kit.app import Service
from markethall.kit.asgi import ASGIApp, Receive, Scope, Send, header, read_body, send_answer
from markethall.kit.bus import Bus
from markethall.kit.ids import Derivation
from markethall.kit.settings import Settings
from markethall.local.nats import EmbeddedNats
from tests.support.machine import eventually, running, settings_for


@dataclass(frozen=True)
class Seen:
    """A request as a service received it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Announce = Callable[[str], Awaitable[None]]
Script = Callable[[Seen], tuple[int, dict[str, str], bytes]]


def ok(_seen: Seen) -> tuple[int, dict[str, str], bytes]:
    return 200, {"content-type": "application/json"}, b'{"ok":true}'


@dataclass
class Neighbour:
    """One stand-in: what it saw, and what it answers (`script` may be changed at any time)."""

    name: str
    bus: Bus
    script: Script = ok
    stream: ASGIApp | None = None
    seen: list[Seen] = field(default_factory=list)

    def around(self, own: ASGIApp) -> ASGIApp:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await own(scope, receive, send)
                return
            if self.stream is not None and scope["path"].endswith("/events"):
                await self.stream(scope, receive, send)
                return
            body = b"" if scope["method"] == "GET" else await read_body(scope, receive, 64 << 20, 5)
            query = f"?{scope['query_string'].decode()}" if scope["query_string"] else ""
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            seen = Seen(scope["method"], scope["raw_path"].decode() + query, headers, body)
            self.seen.append(seen)
            answer = self.script(seen)
            if asyncio.iscoroutine(answer):
                answer = await answer
            status, given, content = answer
            await send_answer(send, status, [(k.encode(), v.encode()) for k, v in given.items()], content)

        return app

    def create(self, settings: Settings) -> Service:
        return Service(
            settings, self.name, bus=self.bus, route_handlers=[], resources=[], required={}, around=[self.around]
        )


@dataclass
class Hall:
    """A front with stand-ins behind it."""

    url: str
    http: aiohttp.ClientSession
    neighbours: dict[str, Neighbour]
    leaving: dict[str, AsyncExitStack]

    async def close(self, service: str) -> None:
        """The service's only replica drains and ends."""
        await self.leaving[service].aclose()

    def __getitem__(self, service: str) -> Neighbour:
        return self.neighbours[service]


@asynccontextmanager
async def neighbour(name: str, nats: EmbeddedNats, script: Script = ok, **more: object) -> AsyncIterator[Neighbour]:
    settings = settings_for(name, "", nats, **more)
    stand_in = Neighbour(name, Bus(settings, name), script)
    async with running(stand_in.create, settings):
        yield stand_in


@asynccontextmanager
async def hall(nats: EmbeddedNats, **front_settings: object) -> AsyncIterator[Hall]:
    """Front, ready, with one stand-in for each service."""
    async with AsyncExitStack() as stack:
        leaving = {name: await stack.enter_async_context(AsyncExitStack()) for name in SERVICES}
        neighbours = {name: await leaving[name].enter_async_context(neighbour(name, nats)) for name in SERVICES}
        leaving["front"] = await stack.enter_async_context(AsyncExitStack())
        front = running(create, settings_for("front", "", nats, **front_settings))
        url = await leaving["front"].enter_async_context(front)
        http = await stack.enter_async_context(
            aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar())
        )

        async def ready() -> bool:
            async with http.get(f"{url}/health/ready") as answer:
                return answer.status == 200

        await eventually(ready)
        yield Hall(url, http, neighbours, leaving)


AT = 1_700_000_000_123_456


class Stall:
    """Orders as front sees it: answers batches, and tells outcomes when asked to."""

    def __init__(self, orders: Neighbour) -> None:
        self._orders = orders
        self.batches: list[list[PlaceOrder]] = []
        self.status = "pending"
        self.tells: str | None = "confirmed"
        self.shortages: list[Shortage] = []

    async def __call__(self, seen: Seen) -> tuple[int, dict[str, str], bytes]:
        assert seen.target == PLACE_ORDERS_PATH
        orders = msgspec.msgpack.decode(seen.body, type=PlaceOrders).orders
        self.batches.append(orders)
        documents = [self.document(order) for order in orders]
        if self.tells is not None:
            asyncio.get_running_loop().call_later(0.02, self._tell_soon, [d.order_id for d in documents])
        body = msgspec.msgpack.encode(PlaceResults([PlaceResult(order=document) for document in documents]))
        return 200, {"content-type": "application/msgpack"}, body

    def document(self, order: PlaceOrder) -> OrderDocument:
        order_id = uuid.UUID(bytes=Derivation(b"secret").bytes_of(order.key))
        view = OrderView(
            id=str(order_id),
            number=7,
            status=self.status,  # type: ignore[arg-type]
            lines=[
                OrderedLine(line.sku, "Bear", {}, line.quantity, Money(100, "EUR"), Money(100 * line.quantity, "EUR"))
                for line in order.lines or []
            ],
            total=Money(100, "EUR"),
            placed_at="2023-11-14T22:13:20.000000Z",
            settled_at=None,
            history=[HistoryEntry("pending", "2023-11-14T22:13:20.000000Z")],
            reason=None,
        )
        return OrderDocument(order_id.bytes, 7, self.status, msgspec.json.encode(view), self.shortages)

    def _tell_soon(self, order_ids: list[bytes]) -> None:
        self._telling = asyncio.create_task(self.tell(order_ids))

    async def tell(self, order_ids: list[bytes]) -> None:
        assert self.tells is not None
        shortages = dict.fromkeys(range(len(order_ids)), self.shortages) if self.shortages else {}
        message = OrderStatusChanged(order_ids, [self.tells] * len(order_ids), [AT] * len(order_ids), shortages)
        await self._orders.bus.publish_live(LIVE_ORDERS_STATUS, msgspec.msgpack.encode(message))


class Shelf:
    """Catalog and inventory as front sees them: what they know, what they announce."""

    def __init__(self, front: Hall) -> None:
        self.catalog, self.inventory = front["catalog"], front["inventory"]
        self.catalog.script, self.inventory.script = self.answer_catalog, self.answer_inventory  # type: ignore[assignment]
        self.versions: dict[str, int] = {"bear": 1, "kite": 1}
        self.stock: dict[str, tuple[int, int]] = {"BEAR-S": (3, 1), "BEAR-L": (4, 1), "KITE": (0, 1)}
        self.skus = {"bear": ["BEAR-S", "BEAR-L"], "kite": ["KITE"]}
        self.gate = asyncio.Event()
        self.gate.set()
        self.batch_status = 200
        """404: a catalog that knows no batches."""
        self.asked_catalog: list[str] = []
        """One by one; and of batches, the paths that what is in them has."""
        self.batches: list[list[str]] = []
        self.asked_skus: list[list[str]] = []

    async def answer_catalog(self, seen: Seen) -> tuple[int, dict[str, str], bytes]:
        if seen.target == PRODUCTS_BY_SLUG_PATH:
            slugs = msgspec.msgpack.decode(seen.body, type=ProductsBySlug).slugs
            paths = [f"{PRODUCTS_PATH}/{slug}" for slug in slugs if slug in self.versions]
            return await self._answer_batch(slugs, paths, ProductDocuments([self._document(slug) for slug in slugs]))
        if seen.target == PRODUCT_LISTS_PATH:
            queries = msgspec.msgpack.decode(seen.body, type=ProductLists).queries
            paths = [f"{PRODUCTS_PATH}?{query}".removesuffix("?") for query in queries if "none" not in query]
            lists = [None if "none" in query else self._list_document(query) for query in queries]
            return await self._answer_batch(queries, paths, ListDocuments(lists))
        self.asked_catalog.append(seen.target)
        path, _, query = seen.target.partition("?")
        if path == PRODUCTS_PATH and "none" not in query:
            items = [ListedProduct(self.summary(slug), self.skus[slug], self.versions[slug]) for slug in self.versions]
            body = msgspec.msgpack.encode(ListedProducts(items, _next_cursor(query)))
        elif (slug := path.removeprefix(f"{PRODUCTS_PATH}/")) in self.versions:
            body = msgspec.msgpack.encode(self.view(slug))
        else:
            return 404, {"content-type": "application/problem+json"}, b'{"code":"not_found"}'
        await self.gate.wait()
        return 200, {"content-type": "application/msgpack"}, body

    async def _answer_batch(
        self, names: list[str], paths: list[str], answer: ProductDocuments | ListDocuments
    ) -> tuple[int, dict[str, str], bytes]:
        self.batches.append(names)
        if self.batch_status != 200:
            return self.batch_status, {"content-type": "application/problem+json"}, b'{"code":"no_batches"}'
        self.asked_catalog += paths
        body = msgspec.msgpack.encode(answer)
        await self.gate.wait()
        return 200, {"content-type": "application/msgpack"}, body

    def _list_document(self, query: str) -> ListDocument:
        page = ProductPage([self.summary(slug) for slug in self.versions], _next_cursor(query))
        skus = [self.skus[slug] for slug in self.versions]
        return ListDocument(msgspec.json.encode(page), skus, dict(self.versions))

    def _document(self, slug: str) -> ProductDocument | None:
        if slug not in self.versions:
            return None
        return ProductDocument(msgspec.json.encode(self.view(slug)), self.skus[slug], self.versions[slug])

    async def answer_inventory(self, seen: Seen) -> tuple[int, dict[str, str], bytes]:
        assert seen.target == AVAILABILITY_PATH
        asked = msgspec.msgpack.decode(seen.body, type=AvailabilityRequest).skus
        self.asked_skus.append(asked)
        known = [sku for sku in asked if sku in self.stock]
        answer = AvailabilityAnswer(known, [self.stock[s][0] for s in known], [self.stock[s][1] for s in known])
        return 200, {"content-type": "application/msgpack"}, msgspec.msgpack.encode(answer)

    def view(self, slug: str) -> ProductView:
        variants = [VariantView(sku, {"available": '"available":null'}, Money(100, "EUR")) for sku in self.skus[slug]]
        text = f'version {self.versions[slug]}, "available":null'
        return ProductView(
            slug, slug, text, None, "active", {"available": "yes"}, [], variants, [], self.versions[slug]
        )

    def summary(self, slug: str) -> ProductSummary:
        return ProductSummary(slug, f"{slug} {self.versions[slug]}", None, Money(100, "EUR"), None)

    async def announce_product(self, slug: str, *, reply_to: str | None = None) -> None:
        product = ProductSnapshot(slug.encode(), slug, slug, self.versions[slug], True, [])
        message = msgspec.msgpack.encode(CatalogChanged([product]))
        await self.catalog.bus.publish_stored(CATALOG_CHANGED, message, message_id=uuid.uuid4().hex, reply_to=reply_to)

    async def announce_stock(self, sku: str, available: int, version: int, *, reply_to: str | None = None) -> None:
        message = msgspec.msgpack.encode(StockChanged([sku], [available], [version]))
        await self.inventory.bus.publish_live(LIVE_STOCK_CHANGED, message, reply_to=reply_to)
        await self.inventory.bus.flush()

    async def acknowledged(self, announce: Announce) -> list[str]:
        """Announce as a writer does, and wait until somebody has said that it was applied."""
        bus = self.catalog.bus
        subject = f"{APPLIED}catalog.test.{uuid.uuid4().hex}"
        heard: list[str] = []

        async def hear(message: Msg) -> None:
            heard.append(message.data.decode())

        subscription = await bus.client.subscribe(subject, cb=hear)
        await bus.flush()
        await announce(subject)
        await eventually(lambda: heard)
        await subscription.unsubscribe()
        return heard

    async def pulse(self, *, age_seconds: float = 0.0) -> None:
        message = msgspec.msgpack.encode(Pulse("1", int((time.time() - age_seconds) * 1_000_000)))
        await self.inventory.bus.publish_live(LIVE_PULSE, message)
        await self.inventory.bus.flush()


def _next_cursor(query: str) -> str | None:
    """So lists of different categories differ."""
    return f"after {query}" if "category=" in query else None


class Teller:
    """Orders' side of a stream, scripted: each connection is told the next part."""

    def __init__(self, *parts: bytes | int) -> None:
        self.parts = list(parts)
        self.since: list[str | None] = []
        self.left = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.since.append(header(scope, b"last-event-id"))
        part = self.parts.pop(0) if self.parts else 503
        if isinstance(part, int):
            await send_answer(send, part, [(b"content-type", b"application/problem+json")], b'{"code":"not_found"}')
            return
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"max-age=9")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": part, "more_body": True})
        if part.endswith(b"hold\n\n"):
            while (await receive())["type"] != "http.disconnect":
                pass
            self.left.set()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def told(number: int, status: str, end: bytes = b"\n") -> bytes:
    lines = (b"id: %d" % number, b"event: status", b'data: {"status":"%s"}' % status.encode(), b"", b"")
    return end.join(lines)


async def document(answer: aiohttp.ClientResponse) -> Any:
    """The JSON of an answer."""
    return msgspec.json.decode(await answer.read())


async def get(front: Hall, path: str, **headers: str) -> tuple[int, dict[str, str], Any]:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    async with front.http.get(front.url + path, headers=given) as answer:
        content = await answer.read()
        lower = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status, lower, msgspec.json.decode(content) if content else None
