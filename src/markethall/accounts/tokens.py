"""Tokens: access tokens that any part verifies by itself, refresh tokens that only accounts can read."""

import base64
import binascii
import hashlib
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import jwt

from markethall.accounts.keys import SigningKey
from markethall.kit.identity import ISSUER
from markethall.kit.ids import random_id

ALGORITHM = "EdDSA"
FAMILY_BYTES = 16
SECRET_BYTES = 32


@dataclass(frozen=True)
class RefreshToken:
    """`family` finds the session and stays the same; `secret` changes each time and is kept as a hash only.

    The family stands in no other place than in refresh tokens: whoever shows it with another secret
    than the newest has held an older token of that session.
    """

    family: bytes
    secret: bytes

    def encode(self) -> str:
        return base64.urlsafe_b64encode(self.family + self.secret).decode()

    @property
    def hash(self) -> bytes:
        """256 random bits need no slow hash."""
        return hashlib.sha256(self.secret).digest()

    def next(self) -> "RefreshToken":
        return RefreshToken(self.family, secrets.token_bytes(SECRET_BYTES))


def new_refresh_token() -> RefreshToken:
    return RefreshToken(secrets.token_bytes(FAMILY_BYTES), secrets.token_bytes(SECRET_BYTES))


def read_refresh_token(text: str) -> RefreshToken | None:
    """None where it is none of ours by its form."""
    try:
        raw = base64.b64decode(text.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != FAMILY_BYTES + SECRET_BYTES:
        return None
    return RefreshToken(raw[:FAMILY_BYTES], raw[FAMILY_BYTES:])


def access_token(
    key: SigningKey, user_id: uuid.UUID, roles: Sequence[str], session_id: uuid.UUID, *, now: float, seconds: int
) -> str:
    """A JWT, good for `seconds`, of the session `session_id`."""
    claims = {
        "iss": ISSUER,
        "sub": str(user_id),
        "sid": str(session_id),
        "roles": list(roles),
        "iat": int(now),
        "exp": int(now) + seconds,
        "jti": str(random_id()),
    }
    return jwt.encode(claims, key.private, algorithm=ALGORITHM, headers={"kid": key.kid})
