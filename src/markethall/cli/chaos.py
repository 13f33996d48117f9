"""`markethall chaos`: buyers and faults against a running local shop, and what judges say of it."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from markethall.cli.breaking_off import broken_off_by_signals
from markethall.cli.connection import DEFAULT_DATA, DataOption, JsonOption
from markethall.cli.exits import Exit, fail
from markethall.local.errors import LocalError

if TYPE_CHECKING:
    from markethall.chaos.run import Plan, Result
    from markethall.cli.chaos_screen import JsonLines, Lines, Screen


def chaos(
    data: DataOption = DEFAULT_DATA,
    seed: Annotated[int, typer.Option(help="The same seed brings the same faults at the same points.")] = 7,
    minutes: Annotated[float, typer.Option(min=0.1, max=24 * 60, help="How long buyers come.")] = 5.0,
    rate: Annotated[float, typer.Option(min=1, max=2000, help="Orders per second.")] = 200.0,
    faults: Annotated[str, typer.Option(metavar="A,B,...", help="Only these. Default: all the shop can bear.")] = "",
    every: Annotated[float, typer.Option(min=1, help="Seconds from one fault to the next.")] = 5.0,
    json: JsonOption = False,
) -> None:
    """Kill, freeze, cut and fill parts of a running local shop while buyers order, then judge what they saw.

    It orders for real, products of its own, which stay in the shop: run it against a shop for trying things
    out. Only a shop on this machine can be hit. Ctrl-C heals what is broken, first. What happened is kept in
    DIR/chaos. Exit 1 with the seed and the shortest history where a rule was broken, 8 where the shop itself
    went away meanwhile, 9 where something could not be healed.
    """
    from markethall.chaos.faults import FAULTS, NotHealed
    from markethall.chaos.run import Plan
    from markethall.chaos.target import ShopGone

    wanted = [name for name in (part.strip() for part in faults.split(",")) if name]
    if unknown := sorted(set(wanted) - FAULTS.keys()):
        raise typer.BadParameter(f"there is no fault {unknown[0]!r}: they are {', '.join(FAULTS)}")
    plan = Plan(seed, minutes * 60, rate, every, wanted or None)
    try:
        result, kept = asyncio.run(_run(data, plan, json))
    except ShopGone as error:
        fail(str(error), Exit.GONE, json=json)
    except NotHealed as error:
        fail(f"{error}. `markethall restart` of that part, or of the shop, ends it", Exit.NOT_HEALED, json=json)
    except (LocalError, OSError) as error:
        fail(str(error), Exit.UNREACHABLE, json=json)
    except (KeyboardInterrupt, asyncio.CancelledError):
        typer.echo("markethall: broken off; what was broken is healed", err=True)
        raise typer.Exit(130) from None
    _conclude(plan, result, kept, json)
    if not result.verdict.is_clean:
        raise typer.Exit(Exit.REFUSED)


async def _run(data: Path, plan: "Plan", json: bool) -> tuple["Result", Path]:
    from markethall.chaos.judges import judge
    from markethall.chaos.run import run
    from markethall.chaos.target import Target
    from markethall.chaos.workload import CannotStart

    broken_off_by_signals()
    target = Target(data)
    with _watcher(json) as watch:
        try:
            result = await run(target, plan, judge, watch)
        except CannotStart as error:
            raise LocalError(f"the buyers cannot start: {error}") from error
    return result, _keep(target.data, plan.seed, result)


def _keep(data: Path, seed: int, result: "Result") -> Path:
    folder = data / "chaos"
    folder.mkdir(mode=0o700, exist_ok=True)
    kept = folder / f"seed-{seed}.jsonl"
    result.history.write(kept)
    return kept


def _conclude(plan: "Plan", result: "Result", kept: Path, json: bool) -> None:
    if json:
        document: dict[str, Any] = {
            "event": "verdict",
            "seed": plan.seed,
            "violations": result.verdict.violations,
            "faults": result.hits,
            "held_back": result.held_back,
            "figures": result.verdict.figures,
            "history": str(kept),
        }
        typer.echo(msgspec.json.encode(document))
        return
    from markethall.cli.chaos_screen import conclusion

    for line in conclusion(plan.seed, result, kept):
        typer.echo(line)


def _watcher(json: bool) -> "JsonLines | Lines | Screen":
    from markethall.cli.chaos_screen import JsonLines, Lines, Screen
    from markethall.cli.console import screen

    console = screen()
    if json:
        return JsonLines()
    return Screen(console) if console.is_terminal else Lines()
