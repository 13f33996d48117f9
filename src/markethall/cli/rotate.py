"""`markethall rotate`: new keys and passwords in the place of old ones."""

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import asyncpg
import typer

from markethall.accounts.rotation import rotate
from markethall.cli.connection import DEFAULT_DATA, DataOption
from markethall.cli.exits import Exit, fail, run
from markethall.kit.settings import Settings
from markethall.local.errors import LocalError
from markethall.local.folder import DataFolder
from markethall.local.rotation import renew_credentials
from markethall.local.shop import LocalShop

app = typer.Typer(no_args_is_help=True, help="Put new keys and passwords in the place of old ones.")


@app.command()
def keys(
    revoke: Annotated[
        bool, typer.Option("--revoke", help="The old key is no longer secret: end it, and all access tokens, in 30 s.")
    ] = False,
    database_url: Annotated[
        str | None,
        typer.Option(
            envvar="MARKETHALL_ACCOUNTS_DATABASE_URL", help="The database of accounts, where it is not in --data."
        ),
    ] = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Sign access tokens with a new key, while the shop runs. Nobody is signed out.

    Keys change by themselves every 30 days (MARKETHALL_KEY_ROTATION_SECONDS); this is for in between.
    """
    try:
        ends = run(_rotate(data, database_url, revoke))
    except (LocalError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        fail(f"the keys stay as they are: {error}", Exit.UNREACHABLE)
    signs = "signs now" if revoke else "signs in 30 s"
    typer.echo(f"The new key {signs}. What the old ones signed has ended at {ends:%Y-%m-%d %H:%M:%S} UTC")


@app.command()
def credentials(data: DataOption = DEFAULT_DATA) -> None:
    """Renew every password of a stopped shop: between its parts, of MQTT devices and of the admin.

    Also for a shop whose credentials.json was lost.
    """
    try:
        admin = run(renew_credentials(DataFolder(data)))
    except (LocalError, OSError) as error:
        fail(f"the passwords of {data} were not all renewed: {error}", Exit.REFUSED)
    typer.echo(f"Admin: {admin.email}, password {admin.password}")
    if os.environ.get("MARKETHALL_ADMIN_PASSWORD"):
        typer.echo("MARKETHALL_ADMIN_PASSWORD is set: a start with it gives the admin that password again")
    typer.echo(f"All passwords are new; MQTT devices find theirs in {DataFolder(data).credentials}")


async def _rotate(data: Path, database_url: str | None, revoke: bool) -> datetime:
    dsn = database_url or LocalShop(data).dsn("accounts", "accounts")
    return await rotate(dsn, timedelta(seconds=Settings().access_token_seconds), revoke=revoke)
