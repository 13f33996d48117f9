"""`markethall evaluate cache`: latency with front's product cache and without, and every order read back."""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from markethall.cli.breaking_off import broken_off_by_signals
from markethall.cli.connection import JsonOption
from markethall.cli.console import screen
from markethall.cli.exits import Exit, fail
from markethall.listings.calls import ApiError
from markethall.listings.loading import LoadFailed
from markethall.local.errors import LocalError

if TYPE_CHECKING:
    from markethall.chaos.cache import Place, Plan, Result

NAME = "cache"
PERCENTS = "0,20,40,60,80"


def cache(
    rounds: Annotated[
        int, typer.Option(min=1, max=100_000, help="Of each client, at each probability, with each cache.")
    ] = 200,
    clients: Annotated[int, typer.Option(min=1, max=200, help="Buyers at once.")] = 5,
    percents: Annotated[
        str, typer.Option(metavar="P,...", help="How likely a toy in stock is bought, in per cent.")
    ] = PERCENTS,
    data: Annotated[
        Path | None,
        typer.Option(
            help="A running shop for trying things out, its cache as it is. Default: two new ones, on and off."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Who looks at what, and buys.")] = 1,
    to: Annotated[Path, typer.Option("--to", help="Folder for the figures and the picture.")] = Path("evaluation"),
    json: JsonOption = False,
) -> None:
    """Query a random toy and perhaps buy it, over and over, the cache on and off in turns; then read every order back.

    Prints how long each kind of request took, by how likely buyers buy. Writes cache.svg, .png and .json. Exit 1 if
    an order was read back otherwise than it was answered, or a call failed after all its retries.
    """
    from markethall.bench.machine import described
    from markethall.chaos.cache import Plan

    plan = Plan(rounds, clients, parse_percents(percents), seed)
    where = {"machine": described(), "load_1m_before": round(os.getloadavg()[0], 2)}
    try:
        to.mkdir(parents=True, exist_ok=True)
        result = asyncio.run(_run(plan, data))
        paths = _write(result, plan, where, to)
    except (LocalError, ApiError, OSError) as error:
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


def parse_percents(text: str) -> tuple[int, ...]:
    """`0,20,80`, each once, the lowest first. Raises typer.BadParameter."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and len(part) <= 3 and int(part) <= 100 for part in parts):
        raise typer.BadParameter("whole numbers from 0 to 100, separated by commas", param_hint="--percents")
    return tuple(sorted({int(part) for part in parts}))


async def _run(plan: "Plan", data: Path | None) -> "Result":
    from markethall.chaos.cache import evaluate
    from markethall.chaos.workload import CannotStart
    from markethall.cli.loaders.demo import toy_store
    from markethall.cli.progress import bar

    broken_off_by_signals()
    slugs = [listing.slug for listing in toy_store("EUR")]
    async with _shops(data) as places:
        with bar("shopping", plan.steps(len(places))) as step:
            try:
                return await evaluate(places, slugs, plan, step)
            except CannotStart as error:
                raise LocalError(f"the buyers cannot start: {error}") from error


@contextlib.asynccontextmanager
async def _shops(data: Path | None) -> AsyncIterator[list["Place"]]:
    """The one that is named and runs; or two with the toy store, gone afterwards: cache on, cache off."""
    from markethall.chaos.cache import Place
    from markethall.chaos.target import Target

    if data is not None:
        target = Target(data)
        async with target.while_it_runs():
            yield [Place(target.address, target.shop.admin.email, target.shop.admin.password)]
        return
    from markethall.kit.settings import Settings

    default = Settings.model_fields["cache_entries"].default
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(_stocked_shop(entries)) for entries in (default, 0)]


@contextlib.asynccontextmanager
async def _stocked_shop(cache_entries: int) -> AsyncIterator["Place"]:
    from markethall.chaos.cache import Place
    from markethall.cli.loaders.demo import load_demo
    from markethall.local.hall import Options, open_shop

    with tempfile.TemporaryDirectory(prefix="markethall-cache-") as folder:
        settings = {"CACHE_ENTRIES": str(cache_entries)}
        options = Options(Path(folder) / "data", port=0, mqtt_port=0, settings=settings)
        async with open_shop(options, lambda row: None, asyncio.Event()) as shop:
            try:
                await load_demo(shop.address, shop.admin.email, shop.admin.password)
            except LoadFailed as failed:
                raise LocalError(f"the toy store could not be loaded: {failed}") from failed
            yield Place(shop.address, shop.admin.email, shop.admin.password)


def _write(result: "Result", plan: "Plan", where: dict[str, Any], to: Path) -> list[Path]:
    """The picture twice, then the figures."""
    from markethall.chaos.cache.plot import draw

    document: dict[str, Any] = {
        "plan": {"rounds": plan.rounds, "clients": plan.clients, "percents": plan.percents, "seed": plan.seed},
        **where,
        "load_1m_during": {"lowest": round(min(result.load), 2), "highest": round(max(result.load), 2)},
        "broken": result.broken,
        "orders": result.orders,
        "read_back": result.read_back,
        "caches": result.uses,
        "latencies": result.latencies,
    }
    figures = to / f"{NAME}.json"
    figures.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n")
    return [*draw(result.latencies, plan.clients, plan.rounds, to / NAME), figures]


def _show(result: "Result", paths: list[Path]) -> None:
    from markethall.cli.cache_tables import caches, latency

    console = screen()
    console.print(latency(result.latencies))
    console.print(caches(result.uses))
    for line in result.broken:
        console.print(f"broken: {line}", style="red", markup=False)
    if not result.broken:
        console.print(f"All {result.orders:,} orders were read back as they had been answered.")
    console.print(f"Load of the machine meanwhile: {min(result.load):.1f} to {max(result.load):.1f}.")
    console.print("Written: " + ", ".join(map(str, paths)), markup=False)
