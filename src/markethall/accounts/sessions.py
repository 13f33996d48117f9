"""Signing in and out, and exchanging refresh tokens."""

import hmac
import time
import uuid
from dataclasses import dataclass

import structlog

from markethall.accounts import repository
from markethall.accounts.emails import same_email
from markethall.accounts.errors import (
    InvalidRefreshToken,
    RefreshReused,
    RefreshSuperseded,
    SessionEnded,
    WrongCredentials,
)
from markethall.accounts.guard import Guard
from markethall.accounts.passwords import Passwords
from markethall.accounts.repository import Session, User
from markethall.accounts.signing_keys import SigningKeys
from markethall.accounts.tokens import RefreshToken, access_token, new_refresh_token, read_refresh_token
from markethall.kit.db import Database
from markethall.kit.errors import Unauthenticated
from markethall.kit.identity import Identity
from markethall.kit.ids import random_id
from markethall.kit.settings import Settings

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SignedIn:
    """A pair of tokens. Neither stands in a log."""

    access_token: str
    expires_in: int
    refresh_token: str
    user: User

    def __repr__(self) -> str:
        return f"SignedIn({self.user})"


class Sessions:
    """A session is one sign-in: a family of refresh tokens, of which only the newest is good."""

    def __init__(
        self, database: Database, passwords: Passwords, guard: Guard, keys: SigningKeys, settings: Settings
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._guard = guard
        self._keys = keys
        self._access_seconds = settings.access_token_seconds
        self._refresh_seconds = settings.refresh_token_seconds

    async def sign_in(self, email: str, password: str, address: str) -> SignedIn:
        """
        Raises:
            WrongCredentials, TooManyAttempts, PasswordsBusy: as `Guard.verify`.
        """
        verified = await self._guard.verify(same_email(email), address, password)
        user = verified.user
        renewed = await self._passwords.hash(password) if self._passwords.outdated(user.password_hash) else None
        token, session_id = new_refresh_token(), random_id()
        async with self._database.begin() as connection:
            # Counts before users: everybody locks them in this order.
            await self._guard.passed(connection, verified)
            now_there = await repository.find_user(connection, user.id, lock=True)
            if now_there is None or now_there.password_hash != user.password_hash:
                # Erased, or given another password, while this one was verified.
                raise WrongCredentials()
            if renewed is not None:
                await repository.change_user(connection, user.id, password_hash=renewed)
            await repository.add_session(connection, session_id, user.id, token, self._refresh_seconds)
        return self._signed_in(now_there, session_id, token)

    async def refresh(self, text: str) -> SignedIn:
        """Exchange a refresh token for a new pair.

        Raises:
            InvalidRefreshToken, SessionEnded, RefreshReused, RefreshSuperseded: there is none for it.
        """
        token = read_refresh_token(text)
        if token is None:
            raise InvalidRefreshToken()
        following = token.next()
        user = None
        async with self._database.begin() as connection:
            session = await repository.find_session(connection, token.family)
            if session is None:
                raise InvalidRefreshToken()
            refusal = refusal_of(session, token)
            if refusal is None:
                user = await repository.find_user(connection, session.user_id)
                await repository.rotate_session(connection, session, following, self._refresh_seconds)
            elif isinstance(refusal, RefreshReused):
                # Committed although the request is refused: whoever has the newest token loses it too.
                await repository.end_session(connection, session.id)
        if refusal is not None:
            if isinstance(refusal, RefreshReused):
                log.warning("refresh token reused: session ended", session=str(session.id), user=str(session.user_id))
            raise refusal
        assert user is not None, "a session goes with its user"
        return self._signed_in(user, session.id, following)

    async def sign_out(self, identity: Identity) -> None:
        """End the session that the access token came from; harmless to repeat."""
        if identity.session_id is None:
            return
        async with self._database.begin() as connection:
            await repository.end_session(connection, identity.session_id)

    def _signed_in(self, user: User, session_id: uuid.UUID, token: RefreshToken) -> SignedIn:
        access = access_token(
            self._keys.current, user.id, user.roles, session_id, now=time.time(), seconds=self._access_seconds
        )
        return SignedIn(access, self._access_seconds, token.encode(), user)


def refusal_of(session: Session, token: RefreshToken) -> Unauthenticated | None:
    """Why this token of the session is not exchanged; None: it is the newest, and the session lives.

    An older token ends the session, whoever shows it: its owner and a thief cannot be told apart.
    One case is sure to be neither: two requests with the same token that were under way at the same
    time (a double click, two tabs that wake up together). The later one is refused, no more.
    """
    if session.ended_at is not None:
        return SessionEnded()
    if hmac.compare_digest(token.hash, session.token_hash):
        return InvalidRefreshToken() if session.expires_at <= session.asked_at else None
    superseded = session.previous_hash is not None and hmac.compare_digest(token.hash, session.previous_hash)
    if superseded and session.asked_at <= session.rotated_at:
        return RefreshSuperseded()
    return RefreshReused()
