"""Stand-ins for the services behind front: real processes' plumbing (bus, registry, HTTP), scripted answers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec

from markethall.contracts.internal import (
    PLACE_ORDERS_PATH,
    OrderDocument,
    PlaceOrder,
    PlaceOrders,
    PlaceResult,
    PlaceResults,
)
from markethall.contracts.messages import OrderStatusChanged, Shortage
from markethall.contracts.public import HistoryEntry, Money, OrderedLine, OrderView
from markethall.contracts.topology import LIVE_ORDERS_STATUS
from markethall.front.app import create
from markethall.kit.app import Service
from markethall.kit.asgi import ASGIApp, Receive, Scope, Send, read_body, send_answer
from markethall.kit.bus import Bus
from markethall.kit.ids import derived_id
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
        neighbours = {
            name: await stack.enter_async_context(neighbour(name, nats))
            for name in ("catalog", "inventory", "orders", "accounts")
        }
        url = await stack.enter_async_context(running(create, settings_for("front", "", nats, **front_settings)))
        http = await stack.enter_async_context(
            aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar())
        )

        async def ready() -> bool:
            async with http.get(f"{url}/health/ready") as answer:
                return answer.status == 200

        await eventually(ready)
        yield Hall(url, http, neighbours)


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
        order_id = derived_id(b"secret", order.key)
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


async def document(answer: aiohttp.ClientResponse) -> Any:
    """The JSON of an answer."""
    return msgspec.json.decode(await answer.read())
