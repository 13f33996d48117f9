"""Histories by hand: each call in a line, times in seconds."""

from typing import Any

from markethall.chaos.history import Attempt, Call, Event, Kind, Outcome, Request


def a_call(
    kind: Kind,
    path: str,
    started: float,
    ended: float,
    answer: dict[str, Any] | None = None,
    *,
    outcome: Outcome = "ok",
    status: int | None = 200,
    body: dict[str, Any] | None = None,
    key: str | None = None,
    client: str = "somebody",
    tries: int = 1,
) -> Call:
    """`tries`: those before the last got no answer."""
    part = (ended - started) / tries
    attempts = [Attempt(started + i * part, part, None, "timeout") for i in range(tries - 1)]
    attempts.append(Attempt(ended - part, part, status if outcome != "unknown" else None))
    method = "POST" if body is not None else "GET"
    request = Request(method, path, body, key)
    return Call(client, kind, started, ended, outcome, request, tuple(attempts), status, answer or {})


def placed(
    order: str,
    started: float,
    ended: float,
    *,
    number: int = 1,
    status: str = "confirmed",
    sku: str = "A",
    quantity: int = 1,
    key: str | None = None,
    tries: int = 1,
    price: int = 500,
) -> Call:
    answer = {"id": order, "number": number, "status": status} | bought(sku, quantity, price)
    body = {"lines": [{"sku": sku, "quantity": quantity}]}
    return a_call(
        "place", "/api/orders", started, ended, answer, status=201, body=body, key=key or f"key-{order}", tries=tries
    )


def bought(sku: str = "A", quantity: int = 1, price: int = 500) -> dict[str, Any]:
    """What an order of one line says of it."""
    total = quantity * price
    return {"lines": {sku: quantity}, "bought": {sku: [price, total, "toy"]}, "total": total}


def refused(
    code: str, started: float, ended: float, *, key: str = "key", order: str | None = None, **more: Any
) -> Call:
    answer = {"code": code} | ({"order_id": order} if order else {}) | more
    return a_call("place", "/api/orders", started, ended, answer, outcome="refused", status=409, body={}, key=key)


def unknown(started: float, ended: float, *, key: str = "key", tries: int = 2) -> Call:
    body = {"lines": [{"sku": "A", "quantity": 1}]}
    return a_call(
        "place", "/api/orders", started, ended, outcome="unknown", status=None, body=body, key=key, tries=tries
    )


def looked(order: str, status: str, started: float, ended: float, *, number: int = 1, **answer: Any) -> Call:
    said = {"id": order, "number": number, "status": status} | answer
    return a_call("read_order", f"/api/orders/{order}", started, ended, said)


def cancelled(order: str, started: float, ended: float, *, number: int = 1, outcome: Outcome = "ok") -> Call:
    said = {"id": order, "number": number, "status": "cancelled"} if outcome == "ok" else {}
    return a_call("cancel", f"/api/orders/{order}/cancellation", started, ended, said, outcome=outcome, body={})


def fulfilled(order: str, started: float, ended: float, *, number: int = 1) -> Call:
    said = {"id": order, "number": number, "status": "fulfilled"}
    return a_call("fulfil", f"/api/orders/{order}/fulfilment", started, ended, said, body={})


def priced(kind: Kind, price: int, started: float, ended: float, *, sku: str = "A", **more: Any) -> Call:
    body = {"variants": [{"sku": sku, "price": {"amount": price, "currency": "EUR"}}]}
    return a_call(kind, "/api/products/toy", started, ended, body=body, **more)


def received(quantity: int, started: float, ended: float, *, sku: str = "A", key: str = "r", **more: Any) -> Call:
    body = {"quantity": quantity}
    said = {"id": hash(key) % 1_000_000, "quantity": quantity}
    return a_call("receipt", f"/api/stock/{sku}/receipts", started, ended, said, body=body, key=key, **more)


def stock(on_hand: int, reserved: int, version: int, started: float, ended: float, *, sku: str = "A") -> Call:
    said = {"sku": sku, "on_hand": on_hand, "reserved": reserved, "available": on_hand - reserved, "version": version}
    return a_call("read_stock", f"/api/stock/{sku}", started, ended, said)


def told(order: str, status: str, at: float, *, opened: float = 0.0, client: str = "stream", number: int = 1) -> Event:
    return Event(client, order, number, status, opened, at)
