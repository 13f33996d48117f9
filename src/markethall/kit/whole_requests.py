"""Requests that came whole, and nothing else with them, recognised without a parser: for those that are turned away.

Only plain ones are. All others are left to the parser, and so is whatever is wrong with them.
"""

import re

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,7})(?=\r\n)", re.IGNORECASE)
_NOT_PLAIN = re.compile(
    rb"\r\n(?:[ \t]|transfer-encoding|expect|upgrade|x-request-id|content-length[^:]|connection(?!: keep-alive\r\n))",
    re.IGNORECASE,
)
"""They say more about the body, the connection or the answer; or are no headers."""


def is_whole_request(data: bytes) -> bool:
    """Whether it is one request with a body, from its first byte to its last."""
    end = data.find(b"\r\n\r\n") + 2
    lengths = _LENGTH.findall(data, 0, end)
    if len(lengths) != 1 or len(data) != end + 2 + int(lengths[0]) or _NOT_PLAIN.search(data, 0, end):
        return False
    return data.count(b"\r\n", 0, end) == data.count(b"\r", 0, end) == data.count(b"\n", 0, end)
