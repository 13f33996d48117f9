"""What a payload means: by example, and whatever it is."""

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markethall.contracts.order_request import OrderRequest, RequestedLine, fingerprint
from markethall.contracts.topology import DEVICE_CANCEL, DEVICE_PLACE, MQTT_MESSAGES
from markethall.kit.errors import Problem
from markethall.orders.devices.documents import refusal_document
from markethall.orders.devices.keys import fits
from markethall.orders.devices.reading import Cancellation, Placement, Unusable, read
from markethall.orders.devices.written_key import written_key

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


DEEP = b"[" * 100_000 + b"]" * 100_000
LARGE = b'"' + b"x" * (2 << 20) + b'"'
KEYS: dict[str, tuple[bytes, str | None]] = {
    "too large": (b'{"key": "k", "lines": [], "x": ' + LARGE + b"}", "k"),
    "too large, and the key far behind": (b'{"x": ' + LARGE + b', "key": "k"}', None),
    "too deep": (b'{"key": "k", "lines": ' + DEEP + b"}", "k"),
    "too deep, and the key behind it": (b'{"lines": ' + DEEP + b', "key": "k"}', "k"),
    "too large a number": (b'{"key": "k", "lines": [{"sku": "S", "quantity": 1e400}]}', "k"),
    "too long a number": (b'{"key": "k", "lines": [{"sku": "S", "quantity": ' + b"9" * 100_000 + b"}]}", "k"),
    "cut short": (b'{"key": "k", "lines": [', "k"),
    "written in another way": (b' { "\\u006bey" :\n"\\u006b" , "lines": 1}', "k"),
    "a quote and a brace in it": (b'{"a": "\\"{", "b": "}", "key": "k"}', "k"),
    "a key that is cut short": (b'{"key": "k', None),
    "a key that does not fit": (b'{"key": "a/b", "x": ' + LARGE + b"}", None),
    "the key of another object": (b'{"x": {"key": "k"}, "lines": [{"key": "k"}]}', None),
    "the key of a list": (b'[{"key": "k"}, "key", "k"]', None),
    "a key that is a value": (b'{"x": "key", "y": "k"}', None),
    "quotes without end": (b'{"a":"' + b'\\"' * 500_000, None),
    "strings without end": (b"{" + b'"",' * 350_000 + b'"key": "k"}', None),
}


@pytest.mark.parametrize("name", KEYS)
def test_the_key_is_read_where_it_can_be(name: str) -> None:
    payload, key = KEYS[name]
    wish = read(MQTT_MESSAGES + DEVICE_PLACE, payload)
    assert isinstance(wish, Unusable)
    assert wish.key == key
    cancellation = read(MQTT_MESSAGES + DEVICE_CANCEL, payload)
    assert isinstance(cancellation, Unusable)
    assert cancellation.key is None


@given(st.dictionaries(st.sampled_from(["a", "key", "lines", "\\", '"', "{"]), JSON))
def test_the_key_that_is_found_is_the_one_that_is_parsed(document: dict[str, object]) -> None:
    key = document.get("key")
    assert written_key(json.dumps(document).encode()) == (key if isinstance(key, str) and _is_text(key) else None)


def _is_text(key: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in key)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 100_000])
def test_a_number_that_is_too_large_is_invalid(number: str) -> None:
    payload = f'{{"key": "k", "lines": [{{"sku": "S", "quantity": {number}}}]}}'.encode()
    wish = read(MQTT_MESSAGES + DEVICE_PLACE, payload)
    assert isinstance(wish, Unusable)
    assert wish.problem.code == "invalid"


def test_a_refusal_has_made_no_order() -> None:
    document = refusal_document("k", "invalid", None)
    assert (document.status, document.order_id, document.number, document.total) == ("rejected", None, None, None)
