"""Identifiers: random ones from pooled randomness, and ones derived from who asks for what."""

import hmac
import os
import uuid

_POOL_BYTES = 4096
_pool = b""
_position = 0


def random_id() -> uuid.UUID:
    """An unguessable UUID (version 4)."""
    return uuid.UUID(bytes=_random_bytes(), version=4)


def random_hex(digits: int) -> str:
    """Up to 32 random hexadecimal digits."""
    return _random_bytes().hex()[:digits]


def _random_bytes() -> bytes:
    """16 bytes of the system's randomness, which is drawn 256 times as much at once."""
    global _pool, _position
    if _position >= len(_pool):
        _pool = os.urandom(_POOL_BYTES)
        _position = 0
    chunk = _pool[_position : _position + 16]
    _position += 16
    return chunk


class Derivation:
    """Makes the same UUID (version 8, RFC 9562) of the same parts, ever; unguessable without `secret`.

    Parts are length-prefixed, so that ("a", "bc") and ("ab", "c") differ.
    """

    def __init__(self, secret: bytes) -> None:
        self._keyed = hmac.new(secret, digestmod="sha256")

    def bytes_of(self, *parts: str) -> bytes:
        """The 16 bytes of the UUID."""
        mac = self._keyed.copy()
        for part in parts:
            encoded = part.encode()
            mac.update(len(encoded).to_bytes(4, "big") + encoded)
        value = bytearray(mac.digest()[:16])
        value[6] = (value[6] & 0x0F) | 0x80
        value[8] = (value[8] & 0x3F) | 0x80
        return bytes(value)


def parse_id(text: str) -> uuid.UUID | None:
    """A UUID in its canonical 36-character form, or None."""
    if len(text) != 36:
        return None
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def after_fork() -> None:
    """Forget pooled randomness, so that a child does not repeat its parent's ids."""
    global _pool, _position
    _pool, _position = b"", 0


os.register_at_fork(after_in_child=after_fork)
