"""The way in: every public request passes here first, and is sent to who answers it."""

from dataclasses import replace

from markethall.front import cookies
from markethall.front.admission import Admission
from markethall.front.availability import Availability
from markethall.front.cart_lines import CartLines, is_line_set
from markethall.front.checkout import ORDERS, Checkout
from markethall.front.clients import ClientAddresses
from markethall.front.documents import is_document, serve_document
from markethall.front.event_streams import EventStreams, is_event_stream
from markethall.front.fill_in import filled_in
from markethall.front.media import Media, is_picture, is_upload
from markethall.front.products import Products, is_product_read
from markethall.front.refreshes import Refreshes
from markethall.front.routes import Segments, segments_of, service_of, template
from markethall.front.storefront_pages import is_storefront, serve_storefront
from markethall.front.upstream import Upstream, return_answer
from markethall.kit.asgi import ASGIApp, Receive, Scope, Send
from markethall.kit.balancing import Answer
from markethall.kit.errors import NotFound, Unauthenticated


class Entrance:
    """Stands around front's own application, which answers what is left: health, metrics, documents."""

    def __init__(
        self,
        own: ASGIApp,
        *,
        admission: Admission,
        clients: ClientAddresses,
        checkout: Checkout,
        cart_lines: CartLines,
        streams: EventStreams,
        upstream: Upstream,
        products: Products,
        availability: Availability,
        media: Media,
        refresh_seconds: int,
    ) -> None:
        self._own = own
        self._clients = clients
        self._admission = admission
        self._checkout = checkout
        self._cart_lines = cart_lines
        self._streams = streams
        self._upstream = upstream
        self._products = products
        self._availability = availability
        self._media = media
        self._refresh_seconds = refresh_seconds
        self._refreshes = Refreshes()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._own(scope, receive, send)
            return
        client = self._admission(scope)
        method = scope["method"]
        if method == "POST" and scope["raw_path"] == ORDERS:
            cookies.act_for_cookie(scope)
            scope["path_template"] = "/api/orders"
            await self._checkout(scope, receive, send)
            return
        segments = segments_of(scope["raw_path"])
        if segments is None or segments[:1] == ("internal",):
            raise NotFound()
        if segments[:1] == ("api",):
            await self._serve_api(scope, receive, send, segments, client)
        elif is_document(scope["path"]):
            await serve_document(scope, send)
        elif is_storefront(scope):
            await serve_storefront(scope, send)
        elif is_picture(segments):
            scope["path_template"] = "/media/…"
            await self._media.serve(scope, receive, send, segments, client)
        else:
            await self._own(scope, receive, send)

    async def _serve_api(self, scope: Scope, receive: Receive, send: Send, segments: Segments, client: str) -> None:
        method = scope["method"]
        # Signing in, and refreshing, are not done in anybody's name.
        in_cookies = cookies.wants_cookies(scope, segments)
        by_cookie = not in_cookies and cookies.act_for_cookie(scope)
        service = service_of(segments)
        if service is None:
            await self._own(scope, receive, send)
            return
        scope["path_template"] = template(segments)
        if method == "POST" and segments == ("api", "orders"):
            await self._checkout(scope, receive, send)
        elif is_product_read(method, segments) and await self._products.serve(scope, send, segments):
            return
        elif method in ("GET", "HEAD") and is_event_stream(segments):
            await self._streams.serve(scope, receive, send, segments, client)
        elif is_line_set(method, segments) and await self._cart_lines.serve(scope, receive, send, segments):
            return
        elif in_cookies:
            await self._open_session(scope, receive, send, segments, client)
        else:
            if is_upload(method, segments):
                try:
                    answer = await self._media.upload(scope, receive, client)
                except Unauthenticated as problem:
                    if by_cookie:
                        _, cookie = cookies.session_forgotten(secure=self._clients.is_secure(scope))
                        problem.headers["Set-Cookie"] = cookie.decode("latin-1")
                    raise
            else:
                answer = await self._upstream.forward(service, segments, scope, receive, client)
            answer = replace(answer, body=await filled_in(answer, segments, self._availability))
            more = self._after(answer, segments, scope) if by_cookie else ()
            await return_answer(send, answer, method=method, more=more)

    async def _open_session(self, scope: Scope, receive: Receive, send: Send, segments: Segments, client: str) -> None:
        """Sign in, or refresh, with the tokens in cookies."""
        secure = self._clients.is_secure(scope)
        token = cookies.refresh_token(scope, segments)
        receive = cookies.with_refresh_token(scope, receive, token)

        async def ask() -> Answer:
            return await self._upstream.forward("accounts", segments, scope, receive, client)

        answer = await (ask() if token is None else self._refreshes.share(token, ask))
        body, more = cookies.into_cookies(answer, secure=secure, refresh_seconds=self._refresh_seconds)
        await return_answer(send, replace(answer, body=body), more=more)

    def _after(self, answer: Answer, segments: Segments, scope: Scope) -> list[tuple[bytes, bytes]]:
        """Cookies to forget after an answer to whom a cookie named."""
        secure = self._clients.is_secure(scope)
        if cookies.ends_session(scope["method"], segments, answer.status):
            return cookies.forgotten(secure=secure)
        return [cookies.session_forgotten(secure=secure)] if answer.status == 401 else []
