"""SQL on users and their sessions. The caller opens the transaction."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, any_, delete, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from markethall.accounts.tables import erased_users, sessions, users
from markethall.accounts.tokens import RefreshToken
from markethall.kit.identity import ADMIN

LAST_CHARACTER = "\U0010ffff"
MAX_SESSIONS = 1000
"""Of one user; beyond that the least recently used end."""


@dataclass(frozen=True)
class User:
    """A user as the rules see one. The hash goes no further than they do."""

    id: uuid.UUID
    email: str
    email_normalised: str
    name: str
    password_hash: str
    roles: tuple[str, ...]
    created_at: datetime

    def __repr__(self) -> str:
        return f"User({self.id})"


@dataclass(frozen=True)
class Session:
    """A sign-in: the family of its refresh tokens. `asked_at` is when the reader's transaction began."""

    id: uuid.UUID
    user_id: uuid.UUID
    token_hash: bytes
    previous_hash: bytes | None
    rotated_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    asked_at: datetime


async def add_user(connection: AsyncConnection, user: User) -> bool:
    """False: the address is taken."""
    statement = (
        upsert(users)
        .values(
            id=user.id,
            email=user.email,
            email_normalised=user.email_normalised,
            name=user.name,
            password_hash=user.password_hash,
            roles=list(user.roles),
            created_at=func.now(),
            version=1,
        )
        .on_conflict_do_nothing(index_elements=[users.c.email_normalised])
    )
    return (await connection.execute(statement.returning(users.c.id))).first() is not None


async def find_by_email(connection: AsyncConnection, email_normalised: str) -> User | None:
    found = await connection.execute(select(users).where(users.c.email_normalised == email_normalised))
    return _user(found.one_or_none())


async def find_user(connection: AsyncConnection, user_id: uuid.UUID, *, lock: bool = False) -> User | None:
    statement = select(users).where(users.c.id == user_id)
    return _user((await connection.execute(statement.with_for_update() if lock else statement)).one_or_none())


async def find_in_session(connection: AsyncConnection, user_id: uuid.UUID, session_id: uuid.UUID) -> User | None:
    """None: the session has ended, or the user is erased."""
    statement = (
        select(users)
        .join(sessions, sessions.c.user_id == users.c.id)
        .where(
            users.c.id == user_id,
            sessions.c.id == session_id,
            sessions.c.ended_at.is_(None),
            sessions.c.expires_at > func.now(),
        )
    )
    return _user((await connection.execute(statement)).one_or_none())


async def list_users(connection: AsyncConnection, prefix: str, after: str, limit: int) -> list[User]:
    """By normalised address, those that begin with `prefix` and follow `after`."""
    address = users.c.email_normalised
    statement = select(users).where(address > literal(after)).order_by(address).limit(limit)
    if prefix:
        statement = statement.where(address >= prefix, address < prefix + LAST_CHARACTER)
    return [_known(row) for row in await connection.execute(statement)]


async def change_user(connection: AsyncConnection, user_id: uuid.UUID, **values: Any) -> None:
    """
    Raises:
        sqlalchemy.exc.IntegrityError: the address is another user's.
    """
    statement = update(users).where(users.c.id == user_id).values(**values, version=users.c.version + 1)
    await connection.execute(statement)


async def admins(connection: AsyncConnection, *, lock: bool = True) -> set[uuid.UUID]:
    """All admins. Who takes the role from one holds this lock, so that no two take it from each other.

    In the order of their ids, so that two never wait for each other; who waited sees what the
    other did.
    """
    statement = select(users.c.id).where(literal(ADMIN) == any_(users.c.roles)).order_by(users.c.id)
    found = await connection.execute(statement.with_for_update() if lock else statement)
    return {row.id for row in found}


async def erase_user(connection: AsyncConnection, user_id: uuid.UUID) -> bool:
    """The row and its sessions go; the bare id stays. False: it was gone already."""
    gone = await connection.execute(delete(users).where(users.c.id == user_id).returning(users.c.id))
    if gone.first() is None:
        return False
    await connection.execute(insert(erased_users).values(id=user_id, erased_at=func.now()))
    return True


async def erased_lately(connection: AsyncConnection, within: timedelta, limit: int) -> list[uuid.UUID]:
    """Latest first."""
    statement = select(erased_users.c.id).where(erased_users.c.erased_at > func.now() - within)
    found = await connection.execute(statement.order_by(erased_users.c.erased_at.desc()).limit(limit))
    return [row.id for row in found]


async def add_session(
    connection: AsyncConnection, session_id: uuid.UUID, user_id: uuid.UUID, token: RefreshToken, seconds: int
) -> None:
    oldest = (
        select(sessions.c.id)
        .where(sessions.c.user_id == user_id)
        .order_by(sessions.c.rotated_at.desc())
        .offset(MAX_SESSIONS - 1)
    )
    await connection.execute(delete(sessions).where(sessions.c.id.in_(oldest)))
    await connection.execute(
        insert(sessions).values(
            id=session_id,
            user_id=user_id,
            family=token.family,
            token_hash=token.hash,
            generation=1,
            rotated_at=func.clock_timestamp(),
            expires_at=_in(seconds),
        )
    )


async def find_session(connection: AsyncConnection, family: bytes, *, lock: bool = True) -> Session | None:
    """The session of a refresh token, locked: its refreshes happen one after the other."""
    columns = [sessions.c[name] for name in Session.__dataclass_fields__ if name != "asked_at"]
    statement = select(*columns, func.now().label("asked_at")).where(sessions.c.family == family)
    row = (await connection.execute(statement.with_for_update() if lock else statement)).one_or_none()
    return Session(**row._mapping) if row is not None else None


async def rotate_session(connection: AsyncConnection, session: Session, token: RefreshToken, seconds: int) -> None:
    await connection.execute(
        update(sessions)
        .where(sessions.c.id == session.id)
        .values(
            token_hash=token.hash,
            previous_hash=session.token_hash,
            generation=sessions.c.generation + 1,
            # Not the start of the transaction: who asked while this one ran must be seen to have done so.
            rotated_at=func.clock_timestamp(),
            expires_at=_in(seconds),
        )
    )


async def end_session(connection: AsyncConnection, session_id: uuid.UUID) -> None:
    await connection.execute(
        update(sessions).where(sessions.c.id == session_id, sessions.c.ended_at.is_(None)).values(ended_at=func.now())
    )


async def end_sessions(connection: AsyncConnection, user_id: uuid.UUID, *, but: uuid.UUID | None = None) -> None:
    statement = update(sessions).where(sessions.c.user_id == user_id, sessions.c.ended_at.is_(None))
    if but is not None:
        statement = statement.where(sessions.c.id != but)
    await connection.execute(statement.values(ended_at=func.now()))


async def delete_expired_sessions(connection: AsyncConnection) -> None:
    """An ended session is kept until it would have expired: its tokens are known for what they are."""
    await connection.execute(delete(sessions).where(sessions.c.expires_at < func.now()))


def _in(seconds: int) -> Any:
    return func.now() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def _user(row: Row[Any] | None) -> User | None:
    return _known(row) if row is not None else None


def _known(row: Row[Any]) -> User:
    return User(
        id=row.id,
        email=row.email,
        email_normalised=row.email_normalised,
        name=row.name,
        password_hash=row.password_hash,
        roles=tuple(row.roles),
        created_at=row.created_at,
    )
