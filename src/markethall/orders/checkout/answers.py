"""What a buyer is answered, from the order as it stands. Pure."""

from typing import NamedTuple

from markethall.contracts.internal import OrderDocument, PlaceResult, Refusal
from markethall.contracts.public import OrderView
from markethall.kit.errors import Problem
from markethall.orders.errors import OrderCancelled, OutOfStock
from markethall.orders.order import Order, shortages_json, view_json, view_of


class Answer(NamedTuple):
    """Of an order that stands."""

    status_code: int
    view: OrderView
    headers: dict[str, str]


def answer_of(order: Order, preference_applied: str | None = None) -> Answer:
    """
    Raises:
        OutOfStock: it was made, and could not be served.
        OrderCancelled: it was made earlier, and has been cancelled.
    """
    headers = {"Location": f"/api/orders/{order.id}"}
    if preference_applied:
        headers["Preference-Applied"] = preference_applied
    match order.status:
        case "rejected":
            raise OutOfStock(headers=headers, order_id=str(order.id), shortages=shortages_json(order))
        case "cancelled":
            raise OrderCancelled(headers=headers, order_id=str(order.id))
        case status:
            return Answer(202 if status == "pending" else 201, view_of(order), headers)


def result_of(outcome: Order | Problem) -> PlaceResult:
    """For front, which waits for the outcome itself."""
    if isinstance(outcome, Problem):
        return PlaceResult(refusal=_refusal(outcome))
    return PlaceResult(
        order=OrderDocument(
            order_id=outcome.id.bytes,
            number=outcome.number,
            status=outcome.status,
            body=view_json(outcome),
            shortages=outcome.shortages,
        )
    )


def _refusal(problem: Problem) -> Refusal:
    document = problem.document()
    known = {"type", "title", "status", "detail", "code"}
    return Refusal(
        status=problem.status,
        code=problem.code,
        title=problem.title,
        detail=problem.detail,
        extra={key: value for key, value in document.items() if key not in known},
    )
