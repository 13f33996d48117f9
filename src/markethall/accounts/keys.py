"""The keys that sign access tokens: which one signs, which come and which go. Without a clock of their own."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from markethall.contracts.messages import PublicKey

MAX_LEAD = timedelta(hours=1)
MARGIN = timedelta(minutes=1)
"""Allowed between the clocks of two machines."""


@dataclass(frozen=True)
class SigningKey:
    """Signs from `active_from` until a later key becomes active."""

    kid: str
    private: Ed25519PrivateKey
    active_from: datetime


@dataclass(frozen=True)
class Schedule:
    """When one key takes over from another, and how long the former is needed.

    A key is published `lead` before it signs, so that all who verify have it by then. It stays
    published until the last token that it signed has expired.
    """

    rotation: timedelta
    token_life: timedelta

    @property
    def lead(self) -> timedelta:
        return min(MAX_LEAD, self.rotation / 2)

    def missing(self, keys: Sequence[SigningKey], now: datetime) -> datetime | None:
        """When a key should become active that is not there yet; None where none is due to be made."""
        if not keys:
            return now
        newest = max(key.active_from for key in keys)
        due = newest + self.rotation
        return max(due, now + self.lead) if now >= due - self.lead else None

    def retires(self, keys: Sequence[SigningKey], key: SigningKey) -> datetime | None:
        """From when on the key is worth nothing; None while no other takes its place."""
        later = [other.active_from for other in keys if other.active_from > key.active_from]
        return min(later) + self.token_life + MARGIN if later else None

    def over(self, keys: Sequence[SigningKey], now: datetime) -> list[SigningKey]:
        """The keys whose last token has expired."""
        return [key for key in keys if (end := self.retires(keys, key)) is not None and end <= now]

    def public(self, keys: Sequence[SigningKey]) -> list[PublicKey]:
        """What those who verify need to know."""
        return [
            PublicKey(
                kid=key.kid,
                public_key=key.private.public_key().public_bytes_raw(),
                not_after=int(end.timestamp()) if (end := self.retires(keys, key)) else None,
            )
            for key in keys
        ]


def signing(keys: Sequence[SigningKey], now: datetime) -> SigningKey:
    """The key to sign with: the latest that is active. There is one from the first start on."""
    active = [key for key in keys if key.active_from <= now]
    if not active:
        # Made a moment ago by a replica whose clock is a little ahead.
        return min(keys, key=lambda key: key.active_from)
    return max(active, key=lambda key: key.active_from)


def new_key(active_from: datetime) -> SigningKey:
    return SigningKey(secrets.token_hex(8), Ed25519PrivateKey.generate(), active_from)
