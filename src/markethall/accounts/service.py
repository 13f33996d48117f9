"""Users: registration, profile, erasure; and what admins do with them."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from markethall.accounts import repository
from markethall.accounts.emails import checked_email, folded, same_email
from markethall.accounts.erasures import message_of
from markethall.accounts.errors import EmailTaken, LastAdmin, SessionEnded, WrongCredentials, WrongPassword
from markethall.accounts.guard import Guard, Verified
from markethall.accounts.passwords import Passwords
from markethall.accounts.repository import User
from markethall.accounts.tables import outbox
from markethall.kit.crash_points import crash_point
from markethall.kit.cursors import decode_cursor, encode_cursor
from markethall.kit.db import Database
from markethall.kit.errors import FieldError, Forbidden, Invalid, NotFound
from markethall.kit.identity import ADMIN, Identity
from markethall.kit.ids import random_id
from markethall.kit.outbox import enqueue
from markethall.kit.relay import Relay

LIST = "users"


@dataclass(frozen=True)
class ProfileChanges:
    """None: as it is. A new password takes the current one."""

    email: str | None = None
    name: str | None = None
    password: str | None = None
    current_password: str | None = None


class Accounts:
    """Who asks is looked up each time: an ended session and a role that was taken count at once here."""

    def __init__(self, database: Database, passwords: Passwords, guard: Guard, relay: Relay) -> None:
        self._database = database
        self._passwords = passwords
        self._guard = guard
        self._relay = relay

    async def register(self, email: str, name: str, password: str, address: str) -> User:
        """
        Raises:
            Invalid, EmailTaken, TooManyAttempts, PasswordsBusy
        """
        email, name = checked_email(email), checked_name(name)
        await self._guard.count_registration(address)
        async with self._database.begin() as connection:
            # Only to spare the work of hashing: the unique index decides.
            if await repository.find_by_email(connection, same_email(email)) is not None:
                raise EmailTaken()
        user = User(
            id=random_id(),
            email=email,
            email_normalised=same_email(email),
            name=name,
            password_hash=await self._passwords.hash(password),
            roles=(),
            created_at=datetime.now(UTC),
        )
        async with self._database.begin() as connection:
            if not await repository.add_user(connection, user):
                raise EmailTaken()
        return user

    async def profile(self, identity: Identity) -> User:
        """
        Raises:
            SessionEnded
        """
        async with self._database.begin() as connection:
            return await _caller(connection, identity)

    async def change_profile(self, identity: Identity, changes: ProfileChanges, address: str) -> User:
        """A new password ends the user's other sessions.

        Raises:
            SessionEnded, Invalid, WrongPassword, EmailTaken, TooManyAttempts, PasswordsBusy
        """
        values: dict[str, Any] = {}
        if changes.name is not None:
            values["name"] = checked_name(changes.name)
        if changes.email is not None:
            values["email"] = checked_email(changes.email)
            values["email_normalised"] = same_email(changes.email)
        verified = None
        if changes.password is not None:
            verified = await self._verify_current(identity, changes.current_password, address)
            values["password_hash"] = await self._passwords.hash(changes.password)
        try:
            async with self._database.begin() as connection:
                user = await _caller(connection, identity)
                if verified is not None:
                    if user.password_hash != verified.user.password_hash:
                        raise WrongPassword()
                    await self._guard.passed(connection, verified)
                    await repository.end_sessions(connection, user.id, but=identity.session_id)
                if values:
                    await repository.change_user(connection, user.id, **values)
                return await _caller(connection, identity)
        except IntegrityError as error:
            raise EmailTaken() from error

    async def erase(self, identity: Identity) -> None:
        """The person goes, with all sessions; the same commit tells the other parts.

        Raises:
            SessionEnded, LastAdmin
        """
        async with self._database.begin() as connection:
            admins = await repository.admins(connection)
            user = await _caller(connection, identity)
            if admins == {user.id}:
                raise LastAdmin()
            await repository.erase_user(connection, user.id)
            await enqueue(connection, outbox, [message_of(user.id.bytes)])
            crash_point("accounts.erase.before_commit")
        crash_point("accounts.erase.after_commit")
        self._relay.wake()

    async def find(self, identity: Identity, user_id: uuid.UUID) -> User:
        """
        Raises:
            SessionEnded, Forbidden, NotFound
        """
        async with self._database.begin() as connection:
            await _admin(connection, identity)
            user = await repository.find_user(connection, user_id)
        if user is None:
            raise NotFound("There is no user with that id.")
        return user

    async def list_users(
        self, identity: Identity, query: str, limit: int, cursor: str | None
    ) -> tuple[list[User], str | None]:
        """By address, those whose address begins with `query`; and the cursor of the next page.

        Raises:
            SessionEnded, Forbidden, InvalidCursor
        """
        prefix = folded(query)
        after = str(decode_cursor(LIST, [prefix], cursor, (str,))[0]) if cursor else ""
        async with self._database.begin() as connection:
            await _admin(connection, identity)
            found = await repository.list_users(connection, prefix, after, limit + 1)
        page = found[:limit]
        following = encode_cursor(LIST, [prefix], [page[-1].email_normalised]) if len(found) > limit else None
        return page, following

    async def set_roles(self, identity: Identity, user_id: uuid.UUID, roles: set[str]) -> User:
        """
        Raises:
            SessionEnded, Forbidden, NotFound, LastAdmin
        """
        async with self._database.begin() as connection:
            admins = await repository.admins(connection)
            await _admin(connection, identity)
            if await repository.find_user(connection, user_id, lock=True) is None:
                raise NotFound("There is no user with that id.")
            if ADMIN not in roles and admins == {user_id}:
                raise LastAdmin()
            await repository.change_user(connection, user_id, roles=sorted(roles))
            changed = await repository.find_user(connection, user_id)
        assert changed is not None
        return changed

    async def _verify_current(self, identity: Identity, password: str | None, address: str) -> Verified:
        if password is None:
            raise Invalid(errors=[FieldError("current_password", "is needed to set another password", "needed")])
        user = await self.profile(identity)
        try:
            return await self._guard.verify(user.email_normalised, address, password)
        except WrongCredentials as error:
            raise WrongPassword() from error


def checked_name(name: str) -> str:
    """
    Raises:
        Invalid: nothing but blanks.
    """
    name = name.strip()
    if not name:
        raise Invalid(errors=[FieldError("name", "is blank", "needed")])
    return name


async def _caller(connection: AsyncConnection, identity: Identity) -> User:
    user = None
    if identity.session_id is not None:
        user = await repository.find_in_session(connection, identity.user_id, identity.session_id)
    if user is None:
        raise SessionEnded()
    return user


async def _admin(connection: AsyncConnection, identity: Identity) -> None:
    """By the role that the user has now, not by the one in the token."""
    if ADMIN not in (await _caller(connection, identity)).roles:
        raise Forbidden("This takes the role admin.")
