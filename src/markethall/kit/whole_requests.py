"""Requests that came whole, and nothing else with them, recognised without a parser: for those that are turned away.

Only plain ones are. All others are left to the parser, and so is whatever is wrong with them.
"""

import re

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,7})(?=\r\n)", re.IGNORECASE)
_NOT_PLAIN = re.compile(
    rb"\r\n(?:transfer-encoding|expect|upgrade|x-request-id"
    rb"|content-length:(?![ \t]*\d{1,7}\r\n)|connection(?!: keep-alive\r\n))",
    re.IGNORECASE,
)
"""They say more about the body, the connection or the answer."""
_HEADERS = re.compile(rb"(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\0-\x08\n-\x1f\x7f]*)+\r\n")


def is_whole_request(data: bytes) -> bool:
    """Whether it is one request with a body, from its first byte to its last. The request line is known already."""
    end = data.find(b"\r\n\r\n") + 2
    lengths = _LENGTH.findall(data, 0, end)
    if len(lengths) != 1 or len(data) != end + 2 + int(lengths[0]) or _NOT_PLAIN.search(data, 0, end):
        return False
    return _HEADERS.fullmatch(data, data.find(b"\r\n"), end) is not None
