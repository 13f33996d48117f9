"""New passwords for a stopped shop: between its parts, for its devices, and for its admin."""

import msgspec

from markethall.local.credentials import Admin, Credentials, fresh
from markethall.local.database_nodes import primary_of
from markethall.local.folder import DataFolder, write_atomically
from markethall.local.single_user import set_passwords


async def renew_credentials(folder: DataFolder) -> Admin:
    """Answers the admin, who gets the new password when accounts starts.

    Needs none of the old passwords: it mends a shop whose `credentials.json` was lost, too. Interrupted, the shop
    may not start; it is done by doing it again.

    Raises FolderInUse where the shop runs, StartFailed.
    """
    folder.check()
    with folder.hold():
        made = fresh(_same_admin(folder))
        await set_passwords(folder.postgres_of(primary_of(folder)), made.database)
        write_atomically(folder.credentials, msgspec.json.encode(made) + b"\n", mode=0o600)
    return made.admin


def _same_admin(folder: DataFolder) -> Admin | None:
    """Under the same address, with a new password; another address would be another account."""
    try:
        found = msgspec.json.decode(folder.credentials.read_bytes(), type=Credentials)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return Admin(found.admin.email, fresh().admin.password)
