"""`PUT /api/carts/{id}/lines/{sku}`: gathers lines into batches.

One request is under way to orders at a time and carries all that had gathered: most of what setting a line costs is
paid once for all of them. Only requests that leave nothing to ask go this way, and only those are answered by it that
can be served at once. All others are forwarded as every request is, and what they are told is told by orders alone.
Doing it twice does no harm, so that is done also where nobody knows what became of a batch.
"""

import re
from collections.abc import Sequence
from enum import Enum
from time import monotonic

import msgspec
import structlog

from markethall.contracts.internal import SET_LINES_PATH, CartDocument, SetLine, SetLines, SetLinesAnswer
from markethall.contracts.order_request import Quantity
from markethall.front.availability import Availability
from markethall.front.composition import filled
from markethall.front.inner import decoded
from markethall.front.routes import Segments
from markethall.front.upstream import respond
from markethall.kit.asgi import Receive, Scope, Send, read_body, with_body
from markethall.kit.balancing import Balancer
from markethall.kit.errors import Problem
from markethall.kit.group_commit import GroupCommit
from markethall.kit.ids import parse_id
from markethall.kit.settings import Settings

log = structlog.get_logger(__name__)

MAX_BATCH = 100
MAX_WAITING = 5_000
GATHER_SECONDS = 0.002
"""At most; usually those who were answered together set a line together again, and sooner."""
DEADLINE_SECONDS = 3.0
AVOIDED_SECONDS = 1.0
"""After a batch that failed each line goes its own way for so long, and waits for no other."""

_SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,63}")
_BEARER = re.compile(rb"[Bb]earer ([A-Za-z0-9._\-]+)")
_USUAL_CONNECTIONS = (b"keep-alive", b"close")


class _LineQuantity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    quantity: Quantity


class _Turn(Enum):
    NEXT = "next"
    """Another line of the same cart went ahead."""


_bodies = msgspec.json.Decoder(_LineQuantity)
_answers = msgspec.msgpack.Decoder(SetLinesAnswer)

Outcome = CartDocument | _Turn | None


class CartLines:
    """The short way of setting a line."""

    def __init__(self, balancer: Balancer, availability: Availability, settings: Settings) -> None:
        self._balancer = balancer
        self._availability = availability
        self._settings = settings
        self._under_way = 0
        """Requests that wait for a batch, or for its answer."""
        self._avoided_until = float("-inf")
        self._group = GroupCommit[SetLine, Outcome](
            self._set,
            max_batch=MAX_BATCH,
            max_waiting=MAX_WAITING,
            gather_seconds=GATHER_SECONDS,
            enough=self._are_half,
        )

    async def serve(self, scope: Scope, receive: Receive, send: Send, segments: Segments) -> bool:
        """Whether it was answered. Where not, its body is read, and lies in the scope."""
        settings = self._settings
        body = await read_body(scope, receive, settings.max_body_bytes, settings.body_timeout_seconds)
        line = read_line(scope, segments, body)
        cart = await self._answer(line) if line is not None else None
        if cart is None:
            with_body(scope, receive, body)
            return False
        availability = self._availability
        availability.refresh()
        await availability.learn(cart.skus)
        document = filled(cart.body, [availability.of(sku) for sku in cart.skus])
        await respond(send, 200, [(b"content-type", b"application/json")], document)
        return True

    async def _answer(self, line: SetLine) -> CartDocument | None:
        self._under_way += 1
        try:
            outcome: Outcome = _Turn.NEXT
            while outcome is _Turn.NEXT:
                outcome = await self._group.submit(line)
            return outcome
        finally:
            self._under_way -= 1

    def _are_half(self, waiting: int) -> bool:
        """A batch costs the shop what several lines in it do; a single buyer waits for nobody."""
        return 2 * waiting >= self._under_way

    async def _set(self, lines: Sequence[SetLine]) -> list[Outcome]:
        """One batch to any replica of orders, of one line for each cart."""
        firsts: dict[bytes, SetLine] = {}
        for line in lines:
            firsts.setdefault(line.cart_id, line)
        carts = await self._ask(list(firsts.values()))
        if len(firsts) == len(lines):
            return [*carts]
        served = dict(zip(firsts, carts, strict=True))
        return [served[line.cart_id] if firsts[line.cart_id] is line else _Turn.NEXT for line in lines]

    async def _ask(self, lines: list[SetLine]) -> Sequence[CartDocument | None]:
        if monotonic() < self._avoided_until or not self._balancer.replicas("orders"):
            return [None] * len(lines)
        try:
            answer = await self._balancer.request(
                "orders",
                "POST",
                SET_LINES_PATH,
                headers={"content-type": "application/msgpack"},
                body=msgspec.msgpack.encode(SetLines(lines)),
                # What comes of it decides each line's own request.
                repeatable=False,
                deadline_seconds=DEADLINE_SECONDS,
            )
            # An older orders does not know the path.
            carts = decoded(_answers, answer).carts if answer.status == 200 else []
        except Problem as error:
            log.info("a batch of cart lines failed", reason=str(error))
            carts = []
        if len(carts) != len(lines):
            self._avoided_until = monotonic() + AVOIDED_SECONDS
            return [None] * len(lines)
        return carts


def is_line_set(method: str, segments: Segments) -> bool:
    return method == "PUT" and len(segments) == 5 and segments[1] == "carts" and segments[3] == "lines"


def read_line(scope: Scope, segments: Segments, body: bytes) -> SetLine | None:
    """None where it is not plainly sound: whoever looks at it more closely knows what to say."""
    cart_id = parse_id(segments[2])
    if cart_id is None or not _SKU.fullmatch(segments[4]) or scope["query_string"]:
        return None
    media: bytes | None = None
    authorization: bytes | None = None
    for name, value in scope["headers"]:
        # What stands twice, or is for this hop alone, is none of the usual.
        if name == b"authorization":
            if authorization is not None:
                return None
            authorization = value
        elif name == b"content-type":
            if media is not None:
                return None
            media = value
        elif name == b"connection" and value.lower() not in _USUAL_CONNECTIONS:
            return None
    # With one colon no member stands twice.
    if media != b"application/json" or body.count(b":") != 1:
        return None
    token: str | None = None
    if authorization is not None:
        match = _BEARER.fullmatch(authorization)
        if match is None:
            return None
        token = match[1].decode()
    try:
        quantity = _bodies.decode(body).quantity
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return SetLine(cart_id.bytes, segments[4], quantity, token)
