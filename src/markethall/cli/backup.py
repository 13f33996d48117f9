"""`markethall backup`: the databases and the pictures of a shop, copied while it sells."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from markethall.cli.connection import DEFAULT_DATA, DataOption, JsonOption
from markethall.cli.exits import Exit, fail, run
from markethall.local.backup import Backup, back_up
from markethall.local.errors import LocalError
from markethall.local.folder import DataFolder
from markethall.local.shop import LocalShop


def backup(
    to: Annotated[Path, typer.Option("--to", help="Folder of the backup; it must be new or empty.")],
    data: DataOption = DEFAULT_DATA,
    json: JsonOption = False,
) -> None:
    """Back up a running or stopped shop, and check the copy.

    `markethall restore` makes a shop of it. With the archive (`markethall up --archive`) it leads to any moment since.
    """
    try:
        made = run(_back_up(data, to), json=json)
    except (LocalError, OSError) as error:
        fail(f"cannot back up {data}: {error}", Exit.REFUSED, json=json)
    if json:
        typer.echo(msgspec.json.encode(made))
    else:
        typer.echo(f"Backed up to {to}: the shop as it was at {made.finished:%Y-%m-%d %H:%M:%S} UTC")


async def _back_up(data: Path, to: Path) -> Backup:
    shop = LocalShop(data)
    media = DataFolder(data).media
    if shop.running:
        return await back_up(shop.dsn("postgres"), shop.credentials, to, media)
    async with shop.start_postgres_alone() as postgres:
        return await back_up(postgres.dsn(), shop.credentials, to, media)
