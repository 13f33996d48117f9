"""`markethall restart`: a part of a running shop ends and starts again, one replica after the other."""

from typing import Annotated

import typer

from markethall.cli.connection import DEFAULT_DATA, DataOption
from markethall.cli.exits import Exit, fail, run
from markethall.local.control import ask
from markethall.local.errors import LocalError, NotRunning
from markethall.local.folder import DataFolder

PATIENCE_SECONDS = 1200.0
"""For sixteen replicas that drain to the end, one after the other."""


def restart(
    parts: Annotated[
        list[str],
        typer.Argument(metavar="PART[=REPLICA]...", help="catalog, or orders=2, or postgres, nats, edge."),
    ],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Restart parts of a running shop. Without a number: all replicas, each ready before the next one ends."""
    try:
        run(_restart(DataFolder(data), parts))
    except NotRunning as error:
        fail(str(error), Exit.UNREACHABLE)
    except (LocalError, OSError) as error:
        fail(str(error), Exit.REFUSED)


async def _restart(folder: DataFolder, parts: list[str]) -> None:
    for part in parts:
        service, _, replica = part.partition("=")
        answer = await ask(
            folder, "restart", timeout_seconds=PATIENCE_SECONDS, service=service, replica=replica or None
        )
        for unit in answer["units"]:
            typer.echo(f"{unit['service']} {unit['replica']}: {unit['state']}, pid {unit['pid']}")
