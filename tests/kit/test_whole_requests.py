"""What is taken for one whole request is one by the parser, too."""

import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from markethall.kit.whole_requests import is_whole_request

PLAIN = b"POST /api/orders HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%b\r\n%b"
LINES = st.sampled_from(
    [
        b"Idempotency-Key: a-1\r\n",
        b"content-length: 3\r\n",
        b"Content-Length : 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: keep-alive\r\n",
        b"Connection: close\r\n",
        b"Expect: 100-continue\r\n",
        b" folded\r\n",
        b"\r\n",
        b"\n",
        b"X: \rContent-Length: 3\r\n",
        b"content-length: 3 \r\n",
        b"content-length: 12345678\r\n",
        b"content-length: 4, 4\r\n",
        b"content-length:\r\n",
        b"nocolon\r\n",
        b"X Y: z\r\n",
        b": z\r\n",
        b"\x0bTransfer-Encoding: chunked\r\n",
        b"X: \x00\r\n",
        b"X: \xe4\t\r\n",
    ]
)


class Counted:
    def __init__(self) -> None:
        self.complete = 0
        self.body = b""

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.complete += 1


@given(st.sampled_from([0, 0, 0, 1, -1]), st.lists(LINES, max_size=3), st.binary(min_size=1, max_size=8))
@example(0, [], b"body")
@example(4, [b"\r\n", b"\n", b"X"], b"")  # the head ends before it should
def test_what_is_taken_for_whole_is_one_request(more: int, lines: list[bytes], body: bytes) -> None:
    length = len(body) + more
    data = PLAIN % (length, b"".join(lines), body)
    if not is_whole_request(data):
        assert lines or more
        return
    counted = Counted()
    parser = httptools.HttpRequestParser(counted)
    parser.feed_data(data)
    assert (counted.complete, counted.body) == (1, data.partition(b"\r\n\r\n")[2])
    assert parser.should_keep_alive()


@pytest.mark.parametrize(
    "more",
    [
        b"content-length: 4\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"Expect: 100-continue\r\n",
        b"X-Request-Id: mine\r\n",
        b" folded\r\n",
        b"content-length: 33 \r\n",
        b"nocolon\r\n",
    ],
)
def test_what_is_not_plain_is_left_to_the_parser(more: bytes) -> None:
    assert is_whole_request(PLAIN % (4, b"", b"body"))
    assert is_whole_request(PLAIN % (4, b"connection: keep-alive\r\n", b"body"))
    assert not is_whole_request(PLAIN % (4, more, b"body"))


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", PLAIN % (4, b"", b"bod"), PLAIN % (4, b"", b"body ")])
def test_a_part_and_more_than_one_are_not_whole(data: bytes) -> None:
    assert not is_whole_request(data)
