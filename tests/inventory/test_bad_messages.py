"""A message that cannot be meant is set aside at once; it is never half applied."""

import msgspec
import pytest

from markethall.contracts.messages import OrdersPlaced
from tests.inventory.warehouse import new_id


@pytest.mark.parametrize(
    "columns",
    [
        {"order_ids": [new_id()], "line_counts": [1, 1], "skus": ["a", "b"], "quantities": [1, 1]},
        {"order_ids": [new_id()], "line_counts": [1], "skus": ["a", "b"], "quantities": [1, 1]},
        {"order_ids": [new_id()], "line_counts": [2], "skus": ["a", "b"], "quantities": [1]},
        {"order_ids": [new_id(), new_id()], "line_counts": [2, 0], "skus": ["a", "b"], "quantities": [1, 1]},
        {"order_ids": [new_id(), new_id()], "line_counts": [3, -1], "skus": ["a", "b"], "quantities": [1, 1]},
        {"order_ids": [new_id()], "line_counts": [1], "skus": ["a"], "quantities": [0]},
        {"order_ids": [new_id()], "line_counts": [1], "skus": ["a"], "quantities": [-5]},
    ],
)
def test_columns_that_do_not_fit_together_cannot_be_decoded(columns: dict[str, list[object]]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(msgspec.msgpack.encode(columns), type=OrdersPlaced)


def test_an_empty_message_means_nothing() -> None:
    empty = OrdersPlaced([], [], [], [])
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(empty), type=OrdersPlaced) == empty
