"""When attempts are slowed down, and for how long: rules on counts, without a clock of their own."""

import hashlib
import ipaddress
import math
from dataclasses import dataclass, replace

FORGET_SECONDS = 3600.0
"""Failures of an account count as long as the next one comes within this time."""
KNOWN_SECONDS = 30 * 24 * 3600.0
"""How long an address is known to an account after a sign-in."""
WINDOW_SECONDS = 60.0


@dataclass(frozen=True)
class Attempts:
    """Attempts under one key. Times are Unix seconds; after `forget_at` it is as if there were none."""

    count: int = 0
    latest: float = 0.0
    forget_at: float = 0.0


@dataclass(frozen=True)
class Growing:
    """After `free` failures each further one doubles the delay, up to `longest_seconds`."""

    free: int
    first_seconds: float
    longest_seconds: float

    def wait(self, attempts: Attempts, now: float) -> float:
        """Seconds until the next attempt is let through; 0: at once."""
        if attempts.forget_at <= now or attempts.count < self.free:
            return 0.0
        # 2 to the 64th: beyond any delay, within what a float holds.
        doublings = min(attempts.count - self.free, 64)
        delay = min(self.first_seconds * 2.0**doublings, self.longest_seconds)
        return max(attempts.latest + delay - now, 0.0)

    def failed(self, attempts: Attempts, now: float) -> Attempts:
        count = attempts.count if attempts.forget_at > now and attempts.latest + FORGET_SECONDS > now else 0
        return Attempts(count + 1, latest=now, forget_at=max(attempts.forget_at, now + FORGET_SECONDS))

    def succeeded(self, now: float) -> Attempts:
        """No failures, and the key is remembered: a known address is not slowed down by what others do."""
        return Attempts(0, latest=now, forget_at=now + KNOWN_SECONDS)


@dataclass(frozen=True)
class Window:
    """At most `most` in a minute."""

    most: int

    def wait(self, attempts: Attempts, now: float) -> float:
        if attempts.forget_at <= now or attempts.count < self.most:
            return 0.0
        return attempts.forget_at - now

    def counted(self, attempts: Attempts, now: float) -> Attempts:
        if attempts.forget_at <= now:
            attempts = Attempts(forget_at=now + WINDOW_SECONDS)
        return replace(attempts, count=attempts.count + 1, latest=now)


@dataclass(frozen=True)
class Keys:
    """Under which keys a sign-in counts."""

    account: bytes
    address: bytes
    known: bytes
    """The account seen from this address: it exists while the address is known to the account."""


def sign_in_keys(email: str, address: str) -> Keys:
    """`email` as `same_email` gives it. An account that does not exist counts like one that does."""
    return Keys(_key("account", email), _key("address", address), _key("known", email, address))


def registration_key(address: str) -> bytes:
    return _key("registration", address)


def client_address(said: str | None, peer: str | None) -> str:
    """Who asks: what front says (`X-Client-Address`), else the peer. An IPv6 client has a whole /64."""
    for text in (said, peer):
        if not text:
            continue
        try:
            address = ipaddress.ip_address(text.strip())
        except ValueError:
            continue
        if isinstance(address, ipaddress.IPv6Address):
            if address.ipv4_mapped is not None:
                return str(address.ipv4_mapped)
            return str(ipaddress.ip_network((int(address), 64), strict=False))
        return str(address)
    return "unknown"


def whole_seconds(wait: float) -> int:
    """For `Retry-After`."""
    return max(1, math.ceil(wait))


def _key(kind: str, *parts: str) -> bytes:
    digest = hashlib.sha256(kind.encode())
    for part in parts:
        digest.update(b"\0" + hashlib.sha256(part.encode()).digest())
    return digest.digest()
