"""Status is a function of facts: order and repetition cannot matter, and a status only moves along legal steps."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from markethall.orders.fulfilment.status import (
    Facts,
    history_of,
    may_cancel,
    may_fulfil,
    never_before,
    reason_of,
    status_of,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
LEGAL = {
    ("pending", "confirmed"),
    ("pending", "rejected"),
    ("pending", "cancelled"),
    ("confirmed", "fulfilled"),
    ("confirmed", "cancelled"),
}

moments = st.integers(-5, 50).map(lambda seconds: START + timedelta(seconds=seconds))
said = st.tuples(st.sampled_from(["outcome", "released", "dispatched", "cancel", "fulfil"]), moments)


def learn(facts: Facts, what: str, at: datetime, reserved: bool) -> Facts:
    """What the service records when it hears `what`: the rules that its SQL follows."""
    replace = msgspec.structs.replace
    if what == "outcome" and facts.reserved_at is None and facts.rejected_at is None:
        at = never_before(at, facts)
        return replace(facts, reserved_at=at) if reserved else replace(facts, rejected_at=at)
    if what == "released" and facts.cancel_asked_at is not None and facts.released_at is None:
        return replace(facts, released_at=max(at, facts.cancel_asked_at))
    if what == "dispatched" and facts.fulfil_asked_at is not None and facts.dispatched_at is None:
        return replace(facts, dispatched_at=max(at, facts.fulfil_asked_at))
    if what == "cancel" and facts.cancel_asked_at is None and may_cancel(facts):
        return replace(facts, cancel_asked_at=max(at, facts.placed_at, facts.reserved_at or facts.placed_at))
    if what == "fulfil" and facts.fulfil_asked_at is None and may_fulfil(facts):
        return replace(facts, fulfil_asked_at=max(at, facts.reserved_at or facts.placed_at))
    return facts


@given(st.lists(said, max_size=12), st.booleans())
def test_a_status_moves_along_legal_steps_and_history_only_grows_at_its_end(
    events: list[tuple[str, datetime]], reserved: bool
) -> None:
    facts = Facts(START)
    for what, at in events:
        before, after = facts, learn(facts, what, at, reserved)
        old, new = history_of(before), history_of(after)
        assert new[: len(old)] == old
        assert len(new) - len(old) <= 1
        if status_of(before) != status_of(after):
            assert (status_of(before), status_of(after)) in LEGAL
        facts = after
    steps = history_of(facts)
    assert steps[-1].status == status_of(facts)
    assert all((a.status, b.status) in LEGAL and a.at <= b.at for a, b in pairwise(steps))
    assert (reason_of(status_of(facts)) is None) == (status_of(facts) in ("pending", "confirmed", "fulfilled"))


@given(st.lists(said, max_size=8), st.booleans(), st.data())
def test_hearing_anything_again_changes_nothing(
    events: list[tuple[str, datetime]], reserved: bool, data: st.DataObject
) -> None:
    facts = Facts(START)
    for what, at in events:
        facts = learn(facts, what, at, reserved)
        again = data.draw(st.sampled_from(events[: events.index((what, at)) + 1]))
        if again[0] in ("outcome", what):
            assert learn(facts, *again, reserved) == facts


@given(st.permutations(["outcome", "cancel"]), st.booleans(), moments, moments)
def test_a_cancellation_and_a_reservation_end_in_the_same_status_in_either_order(
    order: list[str], repeated: bool, first: datetime, second: datetime
) -> None:
    facts = Facts(START)
    for what, at in zip(order * (2 if repeated else 1), [first, second] * 2, strict=False):
        facts = learn(facts, what, at, reserved=True)
    assert status_of(facts) == "cancelled"


@given(st.permutations(["reserved_at", "cancel_asked_at", "released_at"]), moments)
def test_a_set_of_facts_has_one_status_whatever_the_order_it_was_learnt_in(names: list[str], at: datetime) -> None:
    facts = Facts(START)
    for name in names:
        facts = msgspec.structs.replace(facts, **{name: at})
    whole = Facts(START, reserved_at=at, cancel_asked_at=at, released_at=at)
    assert (status_of(facts), history_of(facts)) == (status_of(whole), history_of(whole))
