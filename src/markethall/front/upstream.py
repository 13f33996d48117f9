"""Forwarding a request to the service that answers it, and the answer back."""

from collections.abc import Iterable

from multidict import CIMultiDictProxy

from markethall.contracts.internal import READ_AT_LEAST, WRITTEN_AT
from markethall.front.freshness import Freshness
from markethall.front.routes import Segments, canonical, is_repeatable
from markethall.kit.asgi import BODY_METHODS, Receive, Scope, Send, read_body
from markethall.kit.balancing import Answer, Balancer
from markethall.kit.settings import Settings

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
NOT_FORWARDED = HOP_BY_HOP | {
    "accept-encoding",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    READ_AT_LEAST,
    "traceparent",
    "x-client-address",
    "x-real-ip",
    "x-request-id",
}
"""What is made anew for the inner hop, or must not be believed by those behind."""
NOT_RETURNED = HOP_BY_HOP | {"content-length", "date", "server", "x-content-type-options", "x-request-id", WRITTEN_AT}

READ_SECONDS = (5.0, 2.0)
WRITE_SECONDS = (10.0, 4.0)
"""Deadline for all attempts, and for one that may be repeated elsewhere."""


class Upstream:
    """Sends requests on to whichever replica answers."""

    def __init__(self, balancer: Balancer, settings: Settings, freshness: Freshness) -> None:
        self._freshness = freshness
        self._balancer = balancer
        self._settings = settings

    async def forward(
        self, service: str, segments: Segments, scope: Scope, receive: Receive, client_address: str
    ) -> Answer:
        """The service's answer to this very request.

        Raises:
            Problem: the body is over its limits, or the service is not there.
        """
        method = scope["method"]
        body = None
        if method in BODY_METHODS:
            body = await read_body(scope, receive, self._settings.max_body_bytes, self._settings.body_timeout_seconds)
        headers = forwarded_headers(scope, client_address)
        deadline, attempt = READ_SECONDS if method in ("GET", "HEAD", "OPTIONS") else WRITE_SECONDS
        epoch = self._freshness.epoch
        if service == "catalog":
            headers |= self._freshness.demand()
        answer = await self._balancer.request(
            service,
            # The services answer GET; what HEAD leaves out is left out on the way to the client.
            "GET" if method == "HEAD" else method,
            canonical(segments, scope["query_string"]),
            headers=headers,
            body=body,
            repeatable=is_repeatable(method, segments, has_key="idempotency-key" in headers),
            deadline_seconds=deadline,
            attempt_seconds=attempt,
        )
        if service == "catalog":
            self._freshness.learn(epoch, answer.headers)
        return answer


def forwarded_headers(scope: Scope, client_address: str) -> dict[str, str]:
    """The client's headers but for those of this hop; repeated ones joined, as RFC 9110 has it."""
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    named = {word.strip().lower() for name, value in pairs if name == "connection" for word in value.split(",")}
    headers: dict[str, str] = {}
    for name, value in pairs:
        if name in NOT_FORWARDED or name in named or name.startswith("x-forwarded-"):
            continue
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    headers["accept-encoding"] = "identity"
    headers["x-client-address"] = client_address
    return headers


def returned_headers(headers: CIMultiDictProxy[str]) -> list[tuple[bytes, bytes]]:
    """A service's headers but for those of its hop."""
    return [
        (name.lower().encode("latin-1"), value.encode("latin-1", "replace"))
        for name, value in headers.items()
        if name.lower() not in NOT_RETURNED
    ]


async def respond(
    send: Send, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes, *, method: str = ""
) -> None:
    """A whole answer; without its body for HEAD, and without a length where none belongs."""
    sent = list(headers)
    if status not in (204, 304):
        sent.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" or status in (204, 304) else body})


async def return_answer(
    send: Send, answer: Answer, *, method: str = "", more: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    """A service's answer as it is, with `more` headers."""
    await respond(send, answer.status, [*returned_headers(answer.headers), *more], answer.body, method=method)
