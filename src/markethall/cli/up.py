"""`markethall up`: the whole shop on this machine."""

import asyncio
import contextlib
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from markethall.cli.stocking import StockingFailed, stock_if_empty
from markethall.local.bus_nodes import SIZES as BUS_SIZES
from markethall.local.credentials import SERVICES
from markethall.local.database_nodes import MAX_READ_REPLICAS
from markethall.local.errors import LocalError
from markethall.local.hall import Options, open_shop
from markethall.local.service import MAX_REPLICAS

if TYPE_CHECKING:
    from markethall.local.table import Display

SAME_SIGNAL_SECONDS = 1.0
"""Wrappers send a signal to us and to our process group: that is one wish, not two."""
_NUMBER = re.compile(r"[0-9]{1,4}")


def up(
    data: Annotated[Path, typer.Option(help="Folder of the shop; made where there is none.")] = Path(".markethall"),
    host: Annotated[str, typer.Option(help="Address that buyers reach the shop at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Its port; 0: any free one.")] = 8080,
    replicas: Annotated[
        str, typer.Option(metavar="SERVICE=N,...", help="How many of each service; one of those not named.")
    ] = "",
    archive: Annotated[
        Path | None,
        typer.Option(help="Archive PostgreSQL's log there, for `markethall restore`; later starts remember it."),
    ] = None,
    no_archive: Annotated[bool, typer.Option("--no-archive", help="Archive no longer.")] = False,
    bus_nodes: Annotated[
        int, typer.Option(metavar="1|3", help="Servers of the bus: one, or three of which any one may die.")
    ] = 1,
    mqtt_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65533,
            help="Where devices reach the bus by MQTT; 0: any free port.",
            show_default="1883, if free",
        ),
    ] = None,
    read_replicas: Annotated[
        int,
        typer.Option(min=0, max=MAX_READ_REPLICAS, help="Hot standbys of the databases; the catalog is read there."),
    ] = 0,
    synchronous: Annotated[
        bool, typer.Option("--synchronous", help="Acknowledge nothing that is not on a standby, too.")
    ] = False,
    demo: Annotated[bool, typer.Option(help="Stock an empty shop with a toy store.")] = True,
    links: Annotated[
        bool, typer.Option("--links", help="For fault tests: a proxy in every connection between parts.")
    ] = False,
) -> None:
    """Start the shop: PostgreSQL, NATS, the five services and, for several fronts, the edge.

    It runs until SIGINT or SIGTERM, and then ends everything it started; a second signal ends it at once.
    """
    if not host.strip():
        raise typer.BadParameter("an address of this machine, or 0.0.0.0 for all of them", param_hint="--host")
    if bus_nodes not in BUS_SIZES:
        raise typer.BadParameter("1 or 3: of two, none may die", param_hint="--bus-nodes")
    options = Options(
        data,
        host,
        port,
        parse_replicas(replicas),
        archive=archive,
        end_archive=no_archive,
        links=links,
        bus_nodes=bus_nodes,
        read_replicas=read_replicas,
        synchronous=synchronous,
        mqtt_port=mqtt_port,
    )
    try:
        with _display() as display:
            asyncio.run(_run(options, demo, display))
    except LocalError as error:
        typer.echo(f"markethall: {error}", err=True)
        raise typer.Exit(1) from None


def parse_replicas(text: str) -> dict[str, int]:
    """`catalog=2,front=3` as numbers. Raises typer.BadParameter."""
    chosen: dict[str, int] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        service, _, number = pair.partition("=")
        if service not in SERVICES:
            raise typer.BadParameter(f"there is no service {service!r}: they are {', '.join(SERVICES)}")
        if not _NUMBER.fullmatch(number) or not 1 <= int(number) <= MAX_REPLICAS:
            raise typer.BadParameter(f"{pair!r} should be {service}=N with N from 1 to {MAX_REPLICAS}")
        chosen[service] = int(number)
    return chosen


async def _run(options: Options, demo: bool, display: "Display") -> None:
    with _signals() as stop_now, contextlib.suppress(asyncio.CancelledError):
        async with open_shop(options, display.changed, stop_now) as shop:
            if demo:
                try:
                    await stock_if_empty(shop)
                except StockingFailed as error:
                    display.say(f"markethall: {error}")
            display.say(f"Devices: {shop.mqtt}")
            if shop.admin_is_new:
                display.say(f"Admin: {shop.admin.email}, password {shop.admin.password}")
            display.say(f"Markethall is open at {shop.address}")
            await asyncio.Event().wait()  # until a signal cancels it


@contextlib.contextmanager
def _signals() -> Iterator[asyncio.Event]:
    """The first signal cancels the current task, whatever it waits for; a later one sets the event."""
    loop, task, again = asyncio.get_running_loop(), asyncio.current_task(), asyncio.Event()
    assert task is not None
    first: float | None = None

    def signalled() -> None:
        nonlocal first
        if first is None:
            first = loop.time()
            task.cancel()
        elif loop.time() - first > SAME_SIGNAL_SECONDS:
            again.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, signalled)
    yield again


@contextlib.contextmanager
def _display() -> Iterator["Display"]:
    from markethall.local.table import Lines, LiveTable

    if not sys.stdout.isatty():
        yield Lines(typer.echo)
        return
    from rich.console import Console

    with LiveTable(Console()) as table:
        yield table
