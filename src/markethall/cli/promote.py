"""`markethall promote`: a standby of the databases takes the primary's place."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from markethall.cli.connection import DEFAULT_DATA, DataOption, JsonOption
from markethall.cli.exits import Exit, fail, run
from markethall.local.control import ask
from markethall.local.database_nodes import MAX_READ_REPLICAS
from markethall.local.errors import LocalError
from markethall.local.promotion import Promoted, promote_stopped
from markethall.local.shop import LocalShop
from markethall.local.standby import COPY_SECONDS

PATIENCE_SECONDS = COPY_SECONDS + 300.0


def promote(
    node: Annotated[
        int | None,
        typer.Option(min=1, max=MAX_READ_REPLICAS + 1, help="The standby. Default: the one that has most."),
    ] = None,
    data: DataOption = DEFAULT_DATA,
    json: JsonOption = False,
) -> None:
    """Fence the primary, make a standby the primary, and bring the old one back as a standby.

    Services follow without a restart. It works when the primary is dead, hangs, or its folder is gone, and also
    on a shop that is stopped.
    """
    try:
        promoted = run(_promote(data, node), json=json)
    except (LocalError, OSError) as error:
        fail(f"cannot promote: {error}", Exit.REFUSED, json=json)
    if json:
        typer.echo(msgspec.json.encode(promoted))
        return
    for step in promoted.steps:
        typer.echo(step)
    if promoted.writes_away_seconds is None:
        typer.echo("no write was acknowledged yet: commits wait for a standby", err=True)
    else:
        typer.echo(f"writes were away for {promoted.writes_away_seconds:.1f} s")


async def _promote(data: Path, node: int | None) -> Promoted:
    shop = LocalShop(data)
    if shop.running:
        answer = await ask(shop.folder, "promote", timeout_seconds=PATIENCE_SECONDS, node=node)
        return msgspec.convert(answer, Promoted)
    return await promote_stopped(shop.folder, shop.credentials.database, node)
