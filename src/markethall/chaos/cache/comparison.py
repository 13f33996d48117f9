"""An order as it is read back, against what its buyer asked for and was told when it was placed."""

from collections import Counter
from typing import Any

from markethall.chaos.history import Call
from markethall.chaos.workload import order_of

AS_TOLD = ("number", "bought", "total")
"""`bought`: the price, the sum, the name and the options of each line (`markethall.chaos.workload.answers`)."""


def difference(placed: Call, read: Call) -> str | None:
    """What is not as it was answered, in a line; None if all is.

    `placed` names an order: confirmed, still pending, or rejected as out of stock.
    """
    order_id = order_of(placed)
    if read.outcome != "ok":
        return f"order {order_id} cannot be read: {read.status or 'no answer'} {read.answer.get('code', '')}".rstrip()
    expected, found = _expected(placed, order_id), read.answer
    wrong = [
        f"{name} is {found.get(name)!r}, not {value!r}" for name, value in expected.items() if found.get(name) != value
    ]
    return f"order {order_id}: {'; '.join(wrong)}" if wrong else None


def _expected(placed: Call, order_id: str | None) -> dict[str, Any]:
    expected: dict[str, Any] = {"id": order_id, "lines": _asked_for(placed)}
    if placed.outcome == "refused":
        return expected | {"status": "rejected", "shortages": placed.answer.get("shortages")}
    expected |= {name: placed.answer.get(name) for name in AS_TOLD}
    # What was still pending has been decided meanwhile, either way.
    return expected if placed.status == 202 else expected | {"status": placed.answer.get("status")}


def _asked_for(placed: Call) -> dict[str, int]:
    """SKU → quantity: the same SKU twice is one line."""
    lines: Counter[str] = Counter()
    for line in (placed.request.body or {}).get("lines", []):
        lines[line["sku"]] += line["quantity"]
    return dict(lines)
