"""What is kept of an answer: what judges look at, and nothing else. A long run has many answers."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from markethall.chaos.history import Kind

Body = Mapping[str, Any]


def kept(kind: Kind, status: int, body: object, cache_status: str) -> dict[str, Any]:
    """`cache_status`: the header of that name. An answer of another shape than the contract's keeps little."""
    if not isinstance(body, dict):
        return {}
    if status >= 400:
        return {name: body[name] for name in ("code", "detail", "order_id", "shortages") if name in body}
    try:
        return _KEPT[kind](body) | ({"stale": True} if "detail=stale" in cache_status else {})
    except (KeyError, TypeError, AttributeError) as error:
        return {"unreadable": repr(error)}


def as_bought(name: str, options: Mapping[str, str]) -> str:
    """What an order says of an article beside its price. A run has few of them, and many orders."""
    return sys.intern(", ".join([name, *(f"{option} {options[option]}" for option in sorted(options))]))


def _order(body: Body) -> dict[str, Any]:
    """`bought`: SKU → its price, its line's sum, its name and options."""
    return {
        "id": body["id"],
        "number": body["number"],
        "status": body["status"],
        "lines": {line["sku"]: line["quantity"] for line in body["lines"]},
        "bought": {
            line["sku"]: [
                line["unit_price"]["amount"],
                line["line_total"]["amount"],
                as_bought(line["name"], line["options"]),
            ]
            for line in body["lines"]
        },
        "total": body["total"]["amount"],
        "history": [entry["status"] for entry in body["history"]],
    } | ({"shortages": body["shortages"]} if body.get("shortages") else {})


def _stock(body: Body) -> dict[str, Any]:
    return {name: body[name] for name in ("sku", "on_hand", "reserved", "available", "version")}


def _receipt(body: Body) -> dict[str, Any]:
    return {"id": body["id"], "quantity": body["quantity"], "stock": _stock(body["stock"])}


def _product(body: Body) -> dict[str, Any]:
    return {
        "slug": body["slug"],
        "version": body["version"],
        "prices": {variant["sku"]: variant["price"]["amount"] for variant in body["variants"]},
        "available": {variant["sku"]: variant["available"] for variant in body["variants"]},
    }


def _cart(body: Body) -> dict[str, Any]:
    lines = {line["sku"]: line["quantity"] for line in body["lines"]}
    return {"id": body["id"], "version": body["version"], "lines": lines}


_KEPT: dict[Kind, Callable[[Body], dict[str, Any]]] = {
    "place": _order,
    "read_order": _order,
    "cancel": _order,
    "fulfil": _order,
    "receipt": _receipt,
    "read_stock": _stock,
    "read_product": _product,
    "change_product": _product,
    "make_product": _product,
    "open_cart": _cart,
    "put_cart_line": _cart,
    "read_cart": _cart,
}
