"""The way in: every public request passes here first, and is sent to who answers it."""

from dataclasses import replace

from markethall.front.availability import Availability
from markethall.front.checkout import Checkout
from markethall.front.clients import ClientAddresses
from markethall.front.documents import is_document, serve_document
from markethall.front.event_streams import EventStreams, is_event_stream
from markethall.front.fill_in import filled_in
from markethall.front.products import Products, is_product_read
from markethall.front.rate_limits import RateLimits
from markethall.front.routes import METHODS, segments_of, service_of, template
from markethall.front.upstream import Upstream, return_answer
from markethall.kit.asgi import ASGIApp, Receive, Scope, Send
from markethall.kit.errors import NotAllowed, NotFound


class Entrance:
    """Stands around front's own application, which answers what is left: health, metrics, documents."""

    def __init__(
        self,
        own: ASGIApp,
        *,
        clients: ClientAddresses,
        limits: RateLimits,
        checkout: Checkout,
        streams: EventStreams,
        upstream: Upstream,
        products: Products,
        availability: Availability,
    ) -> None:
        self._own = own
        self._clients = clients
        self._limits = limits
        self._checkout = checkout
        self._streams = streams
        self._upstream = upstream
        self._products = products
        self._availability = availability

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._own(scope, receive, send)
            return
        client = self._clients.of(scope)
        self._limits.admit(client)
        method = scope["method"]
        if method not in METHODS:
            raise NotAllowed(headers={"Allow": ", ".join(sorted(METHODS))})
        segments = segments_of(scope["raw_path"])
        if segments is None or segments[:1] == ("internal",):
            raise NotFound()
        service = service_of(segments)
        if is_document(scope["path"]):
            await serve_document(scope, send)
            return
        if service is None:
            await self._own(scope, receive, send)
            return
        scope["path_template"] = template(segments)
        if method == "POST" and segments == ("api", "orders"):
            await self._checkout(scope, receive, send)
        elif is_product_read(method, segments):
            await self._products.serve(scope, send, segments)
        elif method in ("GET", "HEAD") and is_event_stream(segments):
            await self._streams.serve(scope, receive, send, segments, client)
        else:
            answer = await self._upstream.forward(service, segments, scope, receive, client)
            answer = replace(answer, body=await filled_in(answer, segments, self._availability))
            await return_answer(send, answer, method=method)
