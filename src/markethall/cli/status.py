"""`markethall status`: every process of a running shop, its bus and its databases."""

from typing import Any

import msgspec
import typer
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Column, Table

from markethall.cli.connection import DEFAULT_DATA, DataOption, JsonOption
from markethall.cli.console import screen
from markethall.cli.exits import Exit, fail, run
from markethall.local.control import ask
from markethall.local.errors import LocalError, NotRunning
from markethall.local.folder import DataFolder
from markethall.local.table import duration

PATIENCE_SECONDS = 20.0
DEAD_LETTERS = "DEAD"
_COLOURS = {"up": "green", "down": "red", "starting": "yellow", "stopping": "yellow"}


def status(data: DataOption = DEFAULT_DATA, json: JsonOption = False) -> None:
    """Show what runs and how it is. Exit 0 if every process is up and answers, else 1."""
    try:
        found = run(ask(DataFolder(data), "status", timeout_seconds=PATIENCE_SECONDS), json=json)
    except NotRunning as error:
        fail(str(error), Exit.UNREACHABLE, json=json)
    except (LocalError, OSError) as error:
        fail(str(error), Exit.REFUSED, json=json)
    if json:
        typer.echo(msgspec.json.encode(found))
    else:
        screen().print(_page(found))
    if not all(unit["state"] == "up" and not unit["health"].startswith("no answer") for unit in found["units"]):
        raise typer.Exit(Exit.REFUSED)


def _page(found: dict[str, Any]) -> RenderableType:
    parts: list[RenderableType] = [_processes(found["units"]), *_joined(found["joined"])]
    if found["bus"] is not None:
        parts += ["", _bus(found["bus"]), "", _streams(found["bus"]["streams"])]
    if found["databases"] is not None:
        parts += ["", _databases(found["databases"])]
    return Group(*parts, "", _outboxes(found))


def _processes(units: list[dict[str, Any]]) -> Table:
    table = _table("part", "replica", "state", "health", _right("pid"), "address", "version", "since", "restarts", "")
    for unit in units:
        ready = "" if unit["ready"] is not False else ", not ready"
        table.add_row(
            unit["service"],
            unit["replica"],
            f"[{_COLOURS.get(unit['state'], 'dim')}]{unit['state']}[/]",
            f"{unit['health']}{ready}",
            _text(unit["pid"] or None),
            unit["url"],
            _text(unit["version"]),
            duration(unit["since"]),
            _text(unit["restarts"] or None),
            escape(unit["detail"]),
        )
    return table


def _joined(replicas: list[dict[str, Any]] | None) -> list[RenderableType]:
    """Nothing where nobody did."""
    if replicas is None:
        return ["", "joined from elsewhere: unknown"]
    table = _table("joined from elsewhere", "replica", "address", "version", "since")
    for each in replicas:
        since = None if each["since"] is None else duration(each["since"])
        table.add_row(*map(_text, (each["service"], each["replica"], each["url"], each["version"], since)))
    return ["", table] if replicas else []


def _bus(bus: dict[str, Any]) -> Table:
    table = _table("bus node", "state", "role", "address", _right("messages"), _right("bytes"))
    for node in bus["nodes"]:
        values = (node["node"], node["state"], node["role"], node["address"], node["messages"], node["bytes"])
        table.add_row(*map(_text, values))
    return table


def _streams(streams: list[dict[str, Any]]) -> Table:
    table = _table("stream", "leader", _right("messages"), _right("bytes"), "copies", _right("behind"), "consumers")
    for stream in streams:
        waiting = ", ".join(f"{each['consumer']} {each['waiting']}" for each in stream["consumers"])
        copies = f"{stream['current']} of {stream['copies']}"
        values = (stream["stream"], stream["leader"], stream["messages"], stream["bytes"], copies, stream["lag"])
        table.add_row(*map(_text, values), waiting)
    return table


def _databases(nodes: list[dict[str, Any]]) -> Table:
    table = _table("database node", "role", "answers", "position", "timeline", _right("bytes behind"), "streaming", "")
    for node in nodes:
        values = (node["node"], node["role"], "yes" if node["answers"] else "no", node["position"], node["timeline"])
        more = (node.get("lag_bytes"), node.get("state"), node.get("sync_state"))
        table.add_row(*map(_text, (*values, *more)))
    return table


def _outboxes(found: dict[str, Any]) -> str:
    """What still waits to be said, and what could not be understood."""
    outboxes = found["outboxes"].items()
    waiting = ", ".join(f"{name} {said['outbox'] if said else 'unknown'}" for name, said in outboxes)
    streams = found["bus"]["streams"] if found["bus"] else []
    dead = next((stream["messages"] for stream in streams if stream["stream"] == DEAD_LETTERS), "unknown")
    return f"outboxes: {waiting}; dead letters: {dead}"


def _table(*columns: str | Column) -> Table:
    return Table(*columns, box=None, pad_edge=False)


def _right(name: str) -> Column:
    return Column(name, justify="right")


def _text(value: object) -> str:
    return "" if value is None else escape(str(value))
