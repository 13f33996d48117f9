"""Who may reach what inside a local shop: random passwords, made at the first start."""

import os
import secrets
from collections.abc import Iterable

import msgspec

from markethall.contracts.topology import PARTS
from markethall.local.errors import FolderDamaged
from markethall.local.folder import DataFolder, read_json, write_atomically

SERVICES: tuple[str, ...] = tuple(PARTS)
DATABASES: tuple[str, ...] = tuple(part for part in PARTS if part != "front")
"""Services that keep data: each has a database and a role, both of its own name."""
SUPERUSER = "postgres"
REPLICATOR = "replicator"
"""The role that standbys copy the primary by."""
DATABASE_ROLES = (SUPERUSER, REPLICATOR, *DATABASES)
BUS_OPERATOR = "operator"
"""May do everything on the bus: for `audit` and dead letters, never given to a service."""
DEVICE = "device"
"""The bus user that MQTT devices share."""
BUS_USERS = (BUS_OPERATOR, *SERVICES, DEVICE)


class Admin(msgspec.Struct, frozen=True):
    email: str
    password: str


class Credentials(msgspec.Struct, frozen=True):
    """Passwords by role and by bus user, and the admin of the shop."""

    database: dict[str, str]
    bus: dict[str, str]
    admin: Admin


def fresh(admin: Admin | None = None) -> Credentials:
    return Credentials(
        database={role: _password() for role in DATABASE_ROLES},
        bus={user: _password() for user in BUS_USERS},
        admin=admin or Admin("admin@markethall.localhost", secrets.token_urlsafe(12)),
    )


def load_or_make(folder: DataFolder) -> tuple[Credentials, bool]:
    """The folder's credentials, and whether the admin's password was made up just now.

    An admin named by MARKETHALL_ADMIN_EMAIL and MARKETHALL_ADMIN_PASSWORD replaces the one on file.
    """
    email, password = os.environ.get("MARKETHALL_ADMIN_EMAIL"), os.environ.get("MARKETHALL_ADMIN_PASSWORD")
    given = Admin(email, password) if email and password else None
    found = read_json(folder.credentials, Credentials)
    if found is None:
        if folder.postgres.exists():
            raise FolderDamaged(f"{folder.credentials} is missing: the databases beside it cannot be opened")
        made = fresh(given)
        _save(folder, made)
        return made, given is None
    complete = _complete(msgspec.structs.replace(found, admin=given or found.admin))
    if complete != found:
        _save(folder, complete)
    return complete, False


def _complete(found: Credentials) -> Credentials:
    """With passwords for roles and bus users that an older Markethall did not have."""
    return msgspec.structs.replace(
        found, database=_completed(found.database, DATABASE_ROLES), bus=_completed(found.bus, BUS_USERS)
    )


def _completed(passwords: dict[str, str], users: Iterable[str]) -> dict[str, str]:
    return passwords | {user: _password() for user in users if user not in passwords}


def _save(folder: DataFolder, credentials: Credentials) -> None:
    write_atomically(folder.credentials, msgspec.json.encode(credentials) + b"\n", mode=0o600)


def _password() -> str:
    return secrets.token_hex(24)
