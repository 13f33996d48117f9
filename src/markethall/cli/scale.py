"""`markethall scale`: more or fewer replicas of a service, while the shop runs."""

from typing import Annotated

import typer

from markethall.cli.connection import DEFAULT_DATA, DataOption
from markethall.cli.exits import Exit, fail, run
from markethall.cli.up import parse_replicas
from markethall.local.control import ask
from markethall.local.errors import LocalError, NotRunning
from markethall.local.folder import DataFolder

PATIENCE_SECONDS = 300.0


def scale(
    replicas: Annotated[list[str], typer.Argument(metavar="SERVICE=N...", help="How many of which service.")],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Start replicas of a running shop's services, or drain them; returns when that is done.

    New replicas are ready then; surplus ones have finished what they had. The numbers hold for the next
    starts of the shop, too, where `markethall up --replicas` says nothing else.
    """
    numbers = parse_replicas(",".join(replicas))
    if not numbers:
        raise typer.BadParameter("say how many of which service: catalog=3")
    try:
        run(_scale(DataFolder(data), numbers))
    except NotRunning as error:
        fail(str(error), Exit.UNREACHABLE)
    except (LocalError, OSError) as error:
        fail(str(error), Exit.REFUSED)


async def _scale(folder: DataFolder, numbers: dict[str, int]) -> None:
    for service, number in numbers.items():
        await ask(folder, "scale", timeout_seconds=PATIENCE_SECONDS, service=service, replicas=number)
        typer.echo(f"{service}: {number}")
