"""An order stays as it was bought: its lines, prices, names and sum are the same in every answer, and add up."""

from collections import defaultdict

from markethall.chaos.history import Call, History
from markethall.chaos.judges.verdict import Violation, violation

RULE = "orders stay as bought"
PARTS = ("lines", "bought", "total")


def judge_bought(history: History) -> list[Violation]:
    """At most one violation an order."""
    answers: dict[str, list[Call]] = defaultdict(list)
    for call in sorted(history.of_kind("place", "read_order", "cancel", "fulfil"), key=lambda call: call.ended):
        if call.outcome == "ok" and "bought" in call.answer:
            answers[call.answer["id"]].append(call)
    found = []
    for order_id, told in answers.items():
        first = told[0]
        other = next((call for call in told if any(call.answer[part] != first.answer[part] for part in PARTS)), None)
        if other is not None:
            differing = next(part for part in PARTS if other.answer[part] != first.answer[part])
            said = f"order {order_id} was answered with another {differing} than before"
            found.append(violation(RULE, said, [first, other]))
        elif (wrong := _wrong_sum(first)) is not None:
            found.append(violation(RULE, f"order {order_id} {wrong}", [first]))
    return found


def _wrong_sum(call: Call) -> str | None:
    answer = call.answer
    for sku, (unit_price, line_total, _) in answer["bought"].items():
        if line_total != unit_price * answer["lines"][sku]:
            return f"has a line of {answer['lines'][sku]} {sku} at {unit_price} that comes to {line_total}"
    total = sum(line_total for _, line_total, _ in answer["bought"].values())
    return f"has lines that come to {total}, and a total of {answer['total']}" if total != answer["total"] else None
