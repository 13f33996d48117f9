"""The answer to an order that is confirmed while its buyer waits is written from the pending one."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from markethall.contracts.internal import OrderDocument
from markethall.contracts.public import HistoryEntry, Money, OrderedLine, OrderView
from markethall.front.order_answers import confirmed, rfc3339

TEXTS = st.text(max_size=20) | st.sampled_from(
    ['"status":"pending"', '"settled_at":null,"history":[', "}]", '\\"settled_at\\":null', "\x00\u2028"]
)
PENDING = "pending"


@st.composite
def pending_orders(draw: st.DrawFn) -> OrderView:
    money = Money(draw(st.integers(0, 10**15)), "EUR")
    lines = [
        OrderedLine(draw(TEXTS), draw(TEXTS), draw(st.dictionaries(TEXTS, TEXTS, max_size=2)), 1, money, money)
        for _ in range(draw(st.integers(1, 3)))
    ]
    at = rfc3339(draw(st.integers(0, 2 * 10**15)))
    return OrderView("id", 1, PENDING, lines, money, at, None, [HistoryEntry(PENDING, at)], None, [])


@given(pending_orders(), st.integers(0, 2 * 10**15))
def test_it_is_what_reading_and_writing_it_anew_gives(order: OrderView, at: int) -> None:
    moment = rfc3339(at)
    expected = msgspec.structs.replace(
        order, status="confirmed", settled_at=moment, history=[*order.history, HistoryEntry("confirmed", moment)]
    )
    for body in (msgspec.json.encode(order), msgspec.json.format(msgspec.json.encode(order), indent=2)):
        document = confirmed(OrderDocument(b"1" * 16, 1, PENDING, body), at)
        assert document.status == "confirmed"
        assert msgspec.json.decode(document.body, type=OrderView) == expected
