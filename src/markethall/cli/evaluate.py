"""`markethall evaluate`: measurements that anyone can repeat, with a picture."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from markethall.cli.breaking_off import broken_off_by_signals
from markethall.cli.connection import JsonOption
from markethall.cli.console import screen
from markethall.cli.evaluate_cache import cache
from markethall.cli.exits import Exit, fail
from markethall.local.errors import LocalError

if TYPE_CHECKING:
    from markethall.chaos.failover import Plan, Result

app = typer.Typer(no_args_is_help=True, help="Measure the shop, as anyone can again.")
app.command()(cache)
NAME = "failover"


@app.callback()
def _commands() -> None:
    """Measure the shop, as anyone can again."""


@app.command()
def failover(
    kills: Annotated[int, typer.Option(min=1, max=1000, help="How often.")] = 5,
    every: Annotated[float, typer.Option(min=1, help="Seconds from one kill to the next.")] = 10.0,
    rate: Annotated[float, typer.Option(min=1, max=2000, help="Orders per second.")] = 50.0,
    orders: Annotated[int, typer.Option(min=2, max=16, help="Replicas of orders, in a shop of its own.")] = 3,
    read_replicas: Annotated[int, typer.Option(min=0, max=4, help="Copies of the databases, in the same.")] = 2,
    data: Annotated[
        Path | None, typer.Option(help="A running shop for trying things out. Default: a new one, for this run only.")
    ] = None,
    seed: Annotated[int, typer.Option(help="What is bought.")] = 1,
    to: Annotated[Path, typer.Option("--to", help="Folder for the figures and the picture.")] = Path("evaluation"),
    json: JsonOption = False,
) -> None:
    """Kill the orders replica that holds the work, again and again, while buyers order in a steady stream.

    Prints what clients noticed, and whether all copies of the order log are equal at the end and true to what
    clients were told. Writes failover.svg, .png and .json. Exit 1 if a promise was broken.
    """
    from markethall.chaos.failover import Plan

    plan = Plan(kills, every, rate, seed)
    try:
        to.mkdir(parents=True, exist_ok=True)
        result, replicas = asyncio.run(_run(plan, data, orders, read_replicas))
        paths = _write(result, plan, replicas, to)
    except (LocalError, OSError) as error:
        fail(str(error), Exit.UNREACHABLE, json=json)
    except (KeyboardInterrupt, asyncio.CancelledError):
        typer.echo("markethall: broken off", err=True)
        raise typer.Exit(130) from None
    if json:
        typer.echo(paths[-1].read_text())
    else:
        _show(result, paths)
    if result.broken:
        raise typer.Exit(Exit.REFUSED)


async def _run(plan: "Plan", data: Path | None, orders: int, read_replicas: int) -> tuple["Result", int]:
    from markethall.chaos.failover import SERVICE, evaluate
    from markethall.chaos.judges import judge
    from markethall.chaos.target import Target
    from markethall.chaos.workload import CannotStart
    from markethall.cli.progress import bar

    broken_off_by_signals()
    async with _shop(data, orders, read_replicas) as folder:
        target = Target(folder)
        replicas = len(target.names(SERVICE))
        if replicas < 2:
            raise LocalError(
                f"one replica of orders has no other to take over: markethall scale orders=3 --data {data}"
            )
        with bar("ordering", int(plan.seconds)) as second:
            try:
                return await evaluate(target, plan, judge, second), replicas
            except CannotStart as error:
                raise LocalError(f"the buyers cannot start: {error}") from error


@contextlib.asynccontextmanager
async def _shop(data: Path | None, orders: int, read_replicas: int) -> AsyncIterator[Path]:
    """The folder of a running shop: the one named, or one that is gone afterwards."""
    if data is not None:
        yield data
        return
    from markethall.local.hall import Options, open_shop

    with tempfile.TemporaryDirectory(prefix="markethall-failover-") as folder:
        options = Options(
            Path(folder) / "data", port=0, replicas={"orders": orders}, read_replicas=read_replicas, mqtt_port=0
        )
        async with open_shop(options, lambda row: None, asyncio.Event()) as shop:
            yield shop.folder.path


def _write(result: "Result", plan: "Plan", replicas: int, to: Path) -> list[Path]:
    """The picture twice, then the figures."""
    from markethall.chaos.failover.figures import samples
    from markethall.chaos.failover.plot import draw

    document: dict[str, Any] = {
        "plan": {"kills": plan.kills, "every_seconds": plan.every_seconds, "rate": plan.rate, "seed": plan.seed},
        "orders_replicas": replicas,
        "began": result.began,
        "broken": result.broken,
        "figures": result.figures,
        "copies": result.copies,
        "samples": samples(result.history, result.began),
    }
    figures = to / f"{NAME}.json"
    figures.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n")
    if result.broken:
        result.history.write(to / f"{NAME}.history.jsonl")
    return [*draw(result.history, result.began, replicas, to / NAME), figures]


def _show(result: "Result", paths: list[Path]) -> None:
    from markethall.cli.failover_tables import copies, kills, noticed

    console = screen()
    for table in (noticed(result.figures), kills(result.figures, result.began), copies(result.copies)):
        console.print(table)
    for line in result.broken:
        console.print(f"broken: {line}", style="red", markup=False)
    if not result.broken:
        console.print("No promise was broken: no client saw an error, all copies are equal and as clients were told.")
    console.print("Written: " + ", ".join(map(str, paths)), markup=False)
