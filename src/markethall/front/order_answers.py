"""What the buyer is told about an order that was made, or was not."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from markethall.contracts.internal import OrderDocument, Refusal
from markethall.contracts.messages import Shortage
from markethall.contracts.public import HistoryEntry, OrderView
from markethall.kit.asgi import Reply
from markethall.kit.errors import PROBLEM_JSON, Conflict, Problem
from markethall.kit.http_exchange import Prepared, prepared

_views = msgspec.json.Decoder(OrderView)


class OutOfStock(Conflict):
    code = "out_of_stock"
    title = "Not everything is in stock, so nothing was taken"


class OrderCancelled(Conflict):
    """What a repeated request to order is answered when its order has been cancelled."""

    code = "order_cancelled"
    title = "The order was cancelled"


class Known(NamedTuple):
    """An answer that is given many times, and its bytes."""

    reply: Reply
    prepared: Prepared


def known(reply: Reply) -> Known:
    """Nobody may change the reply any more."""
    return Known(reply, prepared(reply.status, reply.headers, reply.body))


def of_order(order: OrderDocument) -> Reply:
    """201 where it is settled and sold, 202 while it is pending, 409 where it sells nothing."""
    order_id = _written(order.order_id)
    if order.status == "rejected":
        return _located(of_problem(out_of_stock(order_id, order.shortages)), order_id)
    if order.status == "cancelled":
        return _located(of_problem(OrderCancelled(order_id=order_id)), order_id)
    status = 202 if order.status == "pending" else 201
    return _located(Reply(status, order.body, [(b"content-type", b"application/json")]), order_id)


def confirmed(order: OrderDocument, at: int) -> OrderDocument:
    """The pending order as it is once inventory has confirmed it; `at` in Unix microseconds."""
    body = _confirmed_body(order.body, rfc3339(at))
    return OrderDocument(order.order_id, order.number, "confirmed", body, order.shortages)


def _confirmed_body(body: bytes, moment: str) -> bytes:
    """Written into the document where what changes stands, which takes a tenth of reading and writing all of it.

    Quotes within texts are escaped, so no text can look like a member; the status stands before all of them. A document
    that is written in another way is read.
    """
    bought, settled, history = body.rpartition(b'"settled_at":null,"history":[')
    entry, end, rest = history.partition(b"}]")
    if settled and end and b'"status":"pending"' in bought:
        at = moment.encode()
        return b'%b"settled_at":"%b","history":[%b},{"status":"confirmed","at":"%b"}]%b' % (
            bought.replace(b'"status":"pending"', b'"status":"confirmed"', 1),
            at,
            entry,
            at,
            rest,
        )
    view = msgspec.structs.replace(
        (pending := _views.decode(body)),
        status="confirmed",
        settled_at=moment,
        history=[*pending.history, HistoryEntry("confirmed", moment)],
    )
    return msgspec.json.encode(view)


def rejected(order: OrderDocument, shortages: Sequence[Shortage]) -> OrderDocument:
    """The pending order as it is once inventory has rejected it."""
    return msgspec.structs.replace(order, status="rejected", shortages=list(shortages))


def out_of_stock(order_id: str | None, shortages: Sequence[Shortage]) -> OutOfStock:
    """The problem; `order_id` is None where no order was made at all."""
    return OutOfStock(
        order_id=order_id,
        shortages=[{"sku": s.sku, "requested": s.requested, "available": s.available} for s in shortages],
    )


def of_problem(problem: Problem) -> Reply:
    headers = [(b"content-type", PROBLEM_JSON.encode())]
    headers += [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in problem.headers.items()]
    return Reply(problem.status, msgspec.json.encode(problem.document()), headers)


def of_refusal(refusal: Refusal) -> Reply:
    """The problem that orders answered for one order of a batch."""
    document: dict[str, Any] = {
        "type": f"urn:markethall:problem:{refusal.code}",
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.detail,
        "code": refusal.code,
    }
    headers = [(b"content-type", PROBLEM_JSON.encode())]
    if refusal.status in (429, 503):
        headers.append((b"retry-after", b"1"))
    if refusal.status == 401:
        headers.append((b"www-authenticate", b'Bearer error="invalid_token"'))
    return Reply(refusal.status, msgspec.json.encode(document | refusal.extra), headers)


def rfc3339(at: int) -> str:
    """Unix microseconds as the public documents write moments."""
    seconds, microseconds = divmod(at, 1_000_000)
    return f"{_second(seconds)}.{microseconds:06d}Z"


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _written(order_id: bytes) -> str:
    """As `uuid.UUID` writes it, without making one."""
    digits = order_id.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _located(reply: Reply, order_id: str) -> Reply:
    return Reply(reply.status, reply.body, [*reply.headers, (b"location", f"/api/orders/{order_id}".encode())])
