"""What a payload means: by example, and whatever it is."""

import json
import string

from hypothesis import given
from hypothesis import strategies as st

from markethall.contracts.order_request import OrderRequest, RequestedLine, fingerprint
from markethall.contracts.topology import DEVICE_CANCEL, DEVICE_PLACE, MQTT_MESSAGES
from markethall.kit.errors import Problem
from markethall.orders.devices.documents import refusal_document
from markethall.orders.devices.keys import fits
from markethall.orders.devices.reading import Cancellation, Placement, Unusable, read

SUBJECTS = st.sampled_from([MQTT_MESSAGES + DEVICE_PLACE, MQTT_MESSAGES + DEVICE_CANCEL, MQTT_MESSAGES + "other", ""])
ALLOWED = (set(string.ascii_letters + string.digits + string.punctuation)) - set("/+#.*>")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["key", "lines", "order_id", "sku"]), inner),
)


@given(SUBJECTS, st.binary() | JSON.map(lambda document: json.dumps(document).encode()))
def test_any_payload_is_read_or_refused_with_a_code(subject: str, payload: bytes) -> None:
    wish = read(subject, payload)
    assert isinstance(wish, Placement | Cancellation | Unusable)
    if isinstance(wish, Unusable):
        assert isinstance(wish.problem, Problem)
        assert wish.problem.status < 500
        assert wish.key is None or fits(wish.key)


@given(st.text(max_size=300) | st.text(alphabet=sorted(ALLOWED), max_size=300))
def test_a_key_fits_if_it_can_be_a_level_of_a_topic(key: str) -> None:
    assert fits(key) == (1 <= len(key) <= 255 and set(key) <= ALLOWED)


def test_a_placement_means_what_the_same_body_means_over_http() -> None:
    lines = [{"sku": "B", "quantity": 2}, {"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 3}]
    wish = read(MQTT_MESSAGES + DEVICE_PLACE, json.dumps({"key": "k", "lines": lines}).encode())
    assert isinstance(wish, Placement)
    over_http = OrderRequest(lines=[RequestedLine("A", 1), RequestedLine("B", 5)])
    assert fingerprint(wish.request) == fingerprint(over_http)


def test_a_refusal_has_made_no_order() -> None:
    document = refusal_document("k", "invalid", None)
    assert (document.status, document.order_id, document.number, document.total) == ("rejected", None, None, None)
