"""`markethall restore`: a shop as it was, in a new folder."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from markethall.cli.connection import JsonOption
from markethall.cli.exits import Exit, fail, run
from markethall.local.errors import LocalError
from markethall.local.restore import restore as restore_shop


def restore(
    backup: Annotated[Path, typer.Option("--from", help="Folder that `markethall backup` made.")],
    data: Annotated[Path, typer.Option(help="Folder of the restored shop; it must be new or empty.")],
    archive: Annotated[Path | None, typer.Option(help="The archive that the shop had (`up --archive`).")] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="As it was then, as 2026-11-20T16:30:00Z. Default: the latest.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Restore a shop from a backup, to the latest moment or to one that is chosen. The backup stays as it is.

    `markethall up --data DATA` then opens it.
    """
    moment = None if until is None else parse_moment(until)
    try:
        run(restore_shop(backup, data, archive=archive, until=moment), json=json)
    except (LocalError, OSError) as error:
        fail(f"cannot restore {backup}: {error}", Exit.REFUSED, json=json)
    if json:
        typer.echo("{}")
    else:
        typer.echo(f"Restored. Open the shop with: markethall up --data {data}")


def parse_moment(text: str) -> datetime:
    """RFC 3339, with an offset: a local time would be another one on the next machine. Raises typer.BadParameter."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time; it should look like 2026-11-20T16:30:00Z") from None
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} says no offset from UTC; add one, as in {text}Z")
    return moment
