"""The key in a payload that no parser takes: too large, too deeply nested, cut short. Pure."""

import re

import msgspec

SEARCHED_BYTES = 1 << 20
SEARCHED_STRINGS = 10_000
"""Of a larger document, or one of more strings, the rest is not searched: a hostile one must cost little."""

# What stands before a string, and the string. Possessive, so that no payload is searched twice.
_NEXT = re.compile(rb'([^"]*+)("[^"\\]*+(?:\\.[^"\\]*+)*+")', re.DOTALL)
_COLON = re.compile(rb"[ \t\r\n]*+:[ \t\r\n]*+")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)


def written_key(payload: bytes) -> str | None:
    """What the first member `key` of the outermost object says, where it is a string."""
    if not payload.lstrip(b" \t\r\n").startswith(b"{"):
        return None
    depth = 0
    position = 0
    for _ in range(SEARCHED_STRINGS):
        found = _NEXT.match(payload, position, SEARCHED_BYTES)
        if found is None:
            return None
        between, string = found.groups()
        depth += between.count(b"{") + between.count(b"[") - between.count(b"}") - between.count(b"]")
        if depth <= 0:
            return None
        position = found.end()
        if depth == 1 and (colon := _COLON.match(payload, position)) and _text(string) == "key":
            value = _STRING.match(payload, colon.end(), SEARCHED_BYTES)
            return _text(value.group()) if value else None
    return None


def _text(string: bytes) -> str | None:
    try:
        return msgspec.json.decode(string, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
