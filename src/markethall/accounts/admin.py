"""The shop's first admin, as the settings name one."""

from datetime import UTC, datetime

import structlog

from markethall.accounts import repository
from markethall.accounts.emails import same_email
from markethall.accounts.passwords import Passwords
from markethall.accounts.repository import User
from markethall.kit.db import Database
from markethall.kit.identity import ADMIN
from markethall.kit.ids import random_id
from markethall.kit.settings import Settings

log = structlog.get_logger(__name__)

ATTEMPTS = 10
RECOMMENDED_CHARACTERS = 8


async def ensure_admin(database: Database, passwords: Passwords, settings: Settings) -> None:
    """Make the admin, or give it the settings' password and the role back; harmless to repeat.

    The settings are the truth on this one account: at each start they win over what was changed since.
    """
    email, password = settings.admin_email.strip(), settings.admin_password
    if not email or not password:
        return
    if len(password) < RECOMMENDED_CHARACTERS:
        log.warning(f"the admin's password has fewer than {RECOMMENDED_CHARACTERS} characters")
    for _ in range(ATTEMPTS):
        # Replicas that start together get in each other's way once: the loser looks again.
        if await _ensured(database, passwords, email, password):
            return
    raise RuntimeError("the admin's account keeps changing while it is set up")


async def _ensured(database: Database, passwords: Passwords, email: str, password: str) -> bool:
    async with database.begin() as connection:
        found = await repository.find_by_email(connection, same_email(email))
    if found is None:
        password_hash = await passwords.hash(password)
        made = User(random_id(), email, same_email(email), "Admin", password_hash, (ADMIN,), datetime.now(UTC))
        async with database.begin() as connection:
            return await repository.add_user(connection, made)
    same_password = await passwords.verify(password, found.password_hash)
    if same_password and ADMIN in found.roles:
        return True
    password_hash = found.password_hash if same_password else await passwords.hash(password)
    async with database.begin() as connection:
        there = await repository.find_user(connection, found.id, lock=True)
        if there != found:
            return False
        roles = sorted({*found.roles, ADMIN})
        await repository.change_user(connection, found.id, password_hash=password_hash, roles=roles)
        if not same_password:
            await repository.end_sessions(connection, found.id)
    log.info("admin updated", user=str(found.id))
    return True
