"""Who asks: access tokens, verified here and now with the public keys that the bus carries.

No part takes another's word for who the buyer is. A verified token is remembered until it
expires, so that its signature costs once.
"""

import asyncio
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import jwt
import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nats.aio.msg import Msg

from markethall.contracts.messages import PublicKey
from markethall.contracts.topology import KEYS_BUCKET
from markethall.kit.buckets import read_bucket
from markethall.kit.bus import Bus
from markethall.kit.errors import Forbidden, Unauthenticated, Unavailable
from markethall.kit.tasks import Periodic

log = structlog.get_logger(__name__)

ISSUER = "markethall"
ADMIN = "admin"
MAX_REMEMBERED = 20_000
MAX_TOKEN_CHARACTERS = 4096
_PREFIX = f"$KV.{KEYS_BUCKET}."


@dataclass(frozen=True)
class Identity:
    """A signed-in user."""

    user_id: uuid.UUID
    roles: frozenset[str]
    expires_at: float
    session_id: uuid.UUID | None = None
    """The sign-in that the token came from (claim `sid`)."""

    @property
    def is_admin(self) -> bool:
        return ADMIN in self.roles


class InvalidToken(Unauthenticated):
    """Damaged, forged, expired, or signed by a key that is not the shop's."""

    code = "invalid_token"
    title = "The access token is not valid"

    def __init__(self, detail: str = "", **kwargs: Any) -> None:
        super().__init__(detail, **kwargs)
        self.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'


class KeysUnavailable(Unavailable):
    """The keys that tokens are verified with have not arrived yet."""

    code = "keys_unavailable"


class KeyRing:
    """The public keys of access tokens, as the bucket `keys` has them, and a memory of verified tokens.

    Keys stay known when the bus or accounts is gone: whoever is signed in stays signed in.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._keys: dict[str, tuple[Ed25519PublicKey, int | None]] = {}
        self._verified: OrderedDict[str, Identity] = OrderedDict()
        self._listening: asyncio.Task[None] | None = None
        # Accounts renews its keys on the bus; reading now and then covers what was missed.
        self._refresh = Periodic("key ring", self.refresh, 5.0)

    async def __aenter__(self) -> Self:
        self._listening = asyncio.create_task(self._bus.listen(f"{_PREFIX}>", self._hear))
        await asyncio.wait([self._listening], timeout=2.0)
        # Whoever is signed in is so at the first request that a restarted replica takes.
        try:
            async with asyncio.timeout(2.0):
                await self.refresh()
        except Exception as error:
            log.info("no keys at the start", reason=str(error) or type(error).__name__)
        await self._refresh.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._refresh.__aexit__(None, None, None)
        if self._listening is not None:
            self._listening.cancel()

    async def check(self) -> str:
        """For health: "up" once a key is known."""
        if not self._keys:
            raise KeysUnavailable()
        return "up"

    def add(self, key: PublicKey) -> None:
        """Trust a key from now on, until its `not_after`, where it has one."""
        self._keys[key.kid] = (Ed25519PublicKey.from_public_bytes(key.public_key), key.not_after)

    async def refresh(self) -> None:
        if not self._bus.connected:
            return
        for entry in await read_bucket(self._bus, KEYS_BUCKET):
            self._take(entry.key, entry.value, deleted=entry.deleted)

    async def _hear(self, message: Msg) -> None:
        deleted = bool(message.headers and message.headers.get("KV-Operation"))
        self._take(message.subject.removeprefix(_PREFIX), message.data, deleted=deleted)

    def _take(self, kid: str, value: bytes, *, deleted: bool) -> None:
        if deleted:
            self._keys.pop(kid, None)
            self._verified.clear()
            return
        try:
            self.add(msgspec.msgpack.decode(value, type=PublicKey))
        except (msgspec.MsgspecError, ValueError) as error:
            log.error("unreadable public key", kid=kid, reason=str(error))

    def verify(self, token: str) -> Identity:
        """
        Raises:
            InvalidToken: forged, expired, damaged, or of a foreign key.
            KeysUnavailable: no key has arrived yet, so nothing can be said.
        """
        known = self._verified.get(token)
        if known is not None:
            if known.expires_at > time.time():
                return known
            del self._verified[token]
            raise InvalidToken("The access token has expired.", code="token_expired")
        identity = self._verify(token)
        self._verified[token] = identity
        if len(self._verified) > MAX_REMEMBERED:
            self._verified.popitem(last=False)
        return identity

    def _verify(self, token: str) -> Identity:
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise InvalidToken()
        if not self._keys:
            raise KeysUnavailable()
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key, not_after = self._keys.get(kid, (None, None)) if isinstance(kid, str) else (None, None)
            if key is None or (not_after is not None and not_after < time.time()):
                raise InvalidToken()
            claims = jwt.decode(
                token,
                key,
                algorithms=["EdDSA"],
                issuer=ISSUER,
                # A clock that is a little behind must not refuse a token that was made just now.
                options={"require": ["exp", "iat", "iss", "sub"], "verify_aud": False, "verify_iat": False},
            )
            roles = claims.get("roles", [])
            if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
                raise InvalidToken()
            session_id = uuid.UUID(claims["sid"]) if "sid" in claims else None
            return Identity(uuid.UUID(claims["sub"]), frozenset(roles), float(claims["exp"]), session_id)
        except jwt.ExpiredSignatureError as error:
            raise InvalidToken("The access token has expired.", code="token_expired") from error
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise InvalidToken() from error

    def identify(self, authorization: str | None) -> Identity | None:
        """Who an `Authorization` header names; None without one.

        Raises:
            InvalidToken, KeysUnavailable: as `verify`.
        """
        if not authorization:
            return None
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise InvalidToken("Use: Authorization: Bearer <access token>.")
        return self.verify(token.strip())


def require_user(identity: Identity | None) -> Identity:
    """
    Raises:
        Unauthenticated: nobody is signed in.
    """
    if identity is None:
        raise Unauthenticated()
    return identity


def require_admin(identity: Identity | None) -> Identity:
    """
    Raises:
        Unauthenticated: nobody is signed in.
        Forbidden: somebody is, without the role.
    """
    if not require_user(identity).is_admin:
        raise Forbidden("This takes the role admin.")
    assert identity is not None
    return identity
