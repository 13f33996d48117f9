"""A history keeps what it was told, in order, within its bound, and comes back from its file."""

from pathlib import Path

import pytest

from markethall.chaos.history import Attempt, Call, Event, FaultRecord, History, HistoryFull, Request, read


def a_call(started: float = 1.0) -> Call:
    request = Request("POST", "/api/orders", {"lines": [{"sku": "A", "quantity": 1}]}, key="k", user="u")
    attempts = (Attempt(started, 0.5, None, "timeout"), Attempt(started + 1, 0.1, 201))
    return Call("buyer-1", "place", started, started + 2, "ok", request, attempts, 201, {"id": "1", "number": 7})


def test_what_was_written_is_read_back_in_order_of_time(tmp_path: Path) -> None:
    fault = FaultRecord("kill", "orders 1", 0.5, 2.0)
    event = Event("reader", "1", 7, "confirmed", 1.0, 1.5)
    history = History([event, a_call(), fault])
    history.write(tmp_path / "history.jsonl")
    assert list(read(tmp_path / "history.jsonl")) == [fault, a_call(), event]


def test_a_history_beyond_its_bound_is_refused() -> None:
    history = History([a_call()], max_records=1)
    with pytest.raises(HistoryFull):
        history.add(a_call(3.0))
    assert len(history) == 1


def test_a_healed_fault_stands_where_it_was_injected() -> None:
    history = History()
    first, second = FaultRecord("kill", "orders 1", 1.0), FaultRecord("kill", "nats 1", 2.0)
    history.add(first)
    history.add(second)
    history.healed(first, 3.0)
    assert history.faults == [FaultRecord("kill", "orders 1", 1.0, 3.0), second]
