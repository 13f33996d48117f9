"""Pictures on their way in and out. Catalog has them; browsers keep them."""

from markethall.contracts.internal import MAX_PICTURE_BYTES, MEDIA_PATH
from markethall.front.routes import Segments
from markethall.front.upstream import Upstream, forwarded_headers, return_answer
from markethall.kit.asgi import Receive, Scope, Send, discard, header, read_body
from markethall.kit.balancing import Answer, Balancer
from markethall.kit.errors import NotAllowed, Problem, Unavailable
from markethall.kit.identity import KeyRing, require_admin

MAX_UPLOADS = 4
"""At once in one front: each is in memory as a whole."""
BODY_SECONDS = 120.0
"""For 15 MiB on a slow line."""
ANSWER_SECONDS = 40.0
"""Longer than catalog's workshop takes, with others waiting before it."""


class TooManyUploads(Unavailable):
    code = "uploads_busy"
    title = "Too many pictures are being uploaded just now"


class Media:
    """Uploads, by admins only, and reads, by anyone."""

    def __init__(self, balancer: Balancer, upstream: Upstream, keys: KeyRing) -> None:
        self._balancer = balancer
        self._upstream = upstream
        self._keys = keys
        self._uploads = 0

    async def upload(self, scope: Scope, receive: Receive, client_address: str) -> Answer:
        """Catalog's answer. Who may not upload is told so before the body is read.

        Raises:
            Unauthenticated, InvalidToken, Forbidden: it takes the role admin.
            TooManyUploads: others are at it.
            TooLarge, SlowBody, ServiceUnavailable
        """
        try:
            require_admin(self._keys.identify(header(scope, b"authorization")))
            if self._uploads >= MAX_UPLOADS:
                raise TooManyUploads(retry_after_seconds=2)
        except Problem as problem:
            problem.headers["Connection"] = "close"
            await discard(receive)
            raise
        self._uploads += 1
        try:
            body = await read_body(scope, receive, MAX_PICTURE_BYTES, BODY_SECONDS)
            return await self._balancer.request(
                "catalog",
                "POST",
                MEDIA_PATH,
                headers=forwarded_headers(scope, client_address),
                body=body,
                # The same file is the same picture.
                repeatable=True,
                deadline_seconds=ANSWER_SECONDS,
                attempt_seconds=ANSWER_SECONDS,
            )
        finally:
            self._uploads -= 1

    async def serve(self, scope: Scope, receive: Receive, send: Send, segments: Segments, client_address: str) -> None:
        """A picture, as catalog answers it.

        Raises:
            NotAllowed: another method than GET and HEAD.
            ServiceUnavailable
        """
        if scope["method"] not in ("GET", "HEAD"):
            raise NotAllowed(headers={"Allow": "GET, HEAD"})
        answer = await self._upstream.forward("catalog", segments, scope, receive, client_address)
        await return_answer(send, answer, method=scope["method"])


def is_upload(method: str, segments: Segments) -> bool:
    return method == "POST" and segments == ("api", "media")


def is_picture(segments: Segments) -> bool:
    return len(segments) == 3 and segments[0] == "media"
