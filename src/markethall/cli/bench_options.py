"""The options that all of `markethall bench` share, and what becomes of a command that names its cases."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from markethall.cli.connection import AdminEmailOption, AdminPasswordOption, JsonOption
from markethall.cli.up import parse_replicas

if TYPE_CHECKING:
    from markethall.bench.case import Case
    from markethall.bench.rounds import Course
    from markethall.bench.subject import Wanted

ThreadsOption = Annotated[int, typer.Option(min=1, max=16, help="Threads of the load generator.")]


@dataclass(frozen=True)
class Asked:
    """What all commands are told."""

    course: "Course"
    wanted: "Wanted"
    to: Path | None
    json: bool


def _shared(
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Medians are of so many.")] = 5,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="Length of a round.")] = 10.0,
    replicas: Annotated[str, typer.Option(metavar="SERVICE=N,...", help="Of a shop started for this.")] = "",
    bus_nodes: Annotated[int, typer.Option(metavar="1|3", help="Of the same: servers of the bus.")] = 1,
    read_replicas: Annotated[int, typer.Option(min=0, max=4, help="Of the same: standbys of the databases.")] = 0,
    synchronous: Annotated[
        bool, typer.Option("--synchronous", help="Of the same: a standby has what is acknowledged.")
    ] = False,
    data: Annotated[
        Path | None, typer.Option(help="A running local shop, for trying things out: it is ordered for real.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="Any shop; without --data, no audit, no CPU and no memory.")] = None,
    email: AdminEmailOption = None,
    password: AdminPasswordOption = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder for figures (JSON, Markdown) and charts (SVG, PNG).")
    ] = None,
    json: JsonOption = False,
) -> Asked:
    from markethall.bench.rounds import Course
    from markethall.bench.subject import Wanted
    from markethall.local.bus_nodes import SIZES
    from markethall.local.credentials import Admin

    if bus_nodes not in SIZES:
        raise typer.BadParameter("1 or 3: of two, none may die", param_hint="--bus-nodes")
    if (data or url) and (replicas or bus_nodes != 1 or read_replicas or synchronous):
        raise typer.BadParameter(
            "a shop that runs has what it has: not with --replicas, --bus-nodes, --read-replicas and --synchronous",
            param_hint="--url" if url else "--data",
        )
    admin = Admin(email, password) if email and password else None
    wanted = Wanted(data, url, admin, parse_replicas(replicas), bus_nodes, read_replicas, synchronous)
    return Asked(Course(rounds, seconds), wanted, to, json)


def measured(
    title: str, *, of_two_shops: bool = False, audited_once: bool = False, warm_seconds: float | None = None
) -> Callable[[Callable[..., "Sequence[Case]"]], Callable[..., None]]:
    """A command that names cases becomes one that measures them, with the shared options after its own.

    `of_two_shops`: they run side by side. `audited_once`: at the end, for all rounds.
    """

    def decorate(cases_of: Callable[..., "Sequence[Case]"]) -> Callable[..., None]:
        own, shared = inspect.signature(cases_of).parameters, inspect.signature(_shared).parameters

        @wraps(cases_of)
        def command(**given: Any) -> None:
            from markethall.cli.bench_running import run

            cases = cases_of(**{name: given[name] for name in own})
            asked = _shared(**{name: given[name] for name in shared})
            course = replace(asked.course, audit_each=not audited_once, side_by_side=of_two_shops)
            if warm_seconds is not None:
                course = replace(course, warm_seconds=warm_seconds)
            run(title, cases, replace(asked, course=course))

        all_of = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*own.values(), *shared.values())]
        command.__signature__ = inspect.Signature(all_of)  # type: ignore[attr-defined]
        command.__annotations__ = {each.name: each.annotation for each in all_of}
        return command

    return decorate


def numbers(text: str, name: str, *, at_most: int = 10_000) -> list[int]:
    """`1,16,64` as numbers, each once. Raises typer.BadParameter."""
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or not all(1 <= number <= at_most for number in found):
        raise typer.BadParameter(f"numbers from 1 to {at_most}, separated by commas", param_hint=name)
    return list(dict.fromkeys(found))
