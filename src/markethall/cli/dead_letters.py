"""`markethall dead-letters`: messages that a consumer could not read or apply are seen, sent again, or deleted."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from markethall.cli.connection import DEFAULT_DATA, DataOption, JsonOption
from markethall.cli.console import screen
from markethall.cli.exits import Exit, fail, run
from markethall.cli.payloads import readable
from markethall.kit.dead_letters import DeadLetter, DeadLetters, NoSuchLetter, NotToBeSaid
from markethall.local.errors import LocalError
from markethall.local.shop import LocalShop

CONNECT_SECONDS = 3.0

app = typer.Typer(no_args_is_help=True, help="Messages that a consumer set aside: see them, send them again.")

BusOption = Annotated[
    str | None,
    typer.Option(
        "--bus-url",
        envvar="MARKETHALL_BUS_URL",
        help="nats://user:password@host:port of a bus elsewhere, several separated by commas. Default: that of --data.",
    ),
]
Sequences = Annotated[list[int] | None, typer.Argument(metavar="[NUMBER]...", help="As `list` shows them.")]
AllOption = Annotated[bool, typer.Option("--all", help="Every one that is there now.")]


@app.command("list")
def list_letters(
    data: DataOption = DEFAULT_DATA,
    bus_url: BusOption = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, oldest first.")] = 100,
    json: JsonOption = False,
) -> None:
    """Dead letters, oldest first: when, whose, on which subject, why, and how large."""

    async def work() -> tuple[list[DeadLetter], int]:
        found: list[DeadLetter] = []
        async with _letters(data, bus_url) as letters:
            async for letter in letters.all():
                found.append(letter)
                if len(found) == limit:
                    break
            return found, await letters.count()

    found, count = _run(work, json)
    if json:
        _print({"count": count, "items": [_summary(letter) for letter in found]})
        return
    if not found:
        typer.echo("No dead letters.")
        return
    from rich.table import Column, Table

    table = Table(Column("number", justify="right"), "set aside", "consumer", "subject", "bytes", "reason")
    for letter in found:
        at = f"{letter.at:%Y-%m-%d %H:%M:%S}"
        table.add_row(
            str(letter.sequence), at, letter.consumer, letter.subject, f"{len(letter.payload):,}", letter.reason
        )
    screen().print(table, markup=False)
    if count > len(found):
        typer.echo(f"{count - len(found):,} more")


@app.command()
def show(
    number: Annotated[int, typer.Argument(help="As `list` shows it.")],
    data: DataOption = DEFAULT_DATA,
    bus_url: BusOption = None,
    json: JsonOption = False,
) -> None:
    """One dead letter whole, as far as it can be read."""

    async def work() -> DeadLetter:
        async with _letters(data, bus_url) as letters:
            return await letters.get(number)

    letter = _run(work, json)
    document = _summary(letter) | {"payload": readable(letter.subject, letter.payload)}
    if json:
        _print(document)
        return
    payload = document.pop("payload")
    for name, value in document.items():
        typer.echo(f"{name:<10} {value}")
    typer.echo(msgspec.json.format(msgspec.json.encode(payload)).decode())


@app.command()
def resend(
    numbers: Sequences = None,
    everything: AllOption = False,
    data: DataOption = DEFAULT_DATA,
    bus_url: BusOption = None,
    json: JsonOption = False,
) -> None:
    """Say them on their subjects again. What still cannot be read or applied comes back, with another number.

    Each is a dead letter no more only when its stream has it. Every consumer of the subject gets it: they bear repeats.
    """
    _each("resent", DeadLetters.resend, numbers, everything, data, bus_url, json)


@app.command()
def delete(
    numbers: Sequences = None,
    everything: AllOption = False,
    data: DataOption = DEFAULT_DATA,
    bus_url: BusOption = None,
    json: JsonOption = False,
) -> None:
    """Throw them away, for good: what they said is then never done."""
    _each("deleted", DeadLetters.delete, numbers, everything, data, bus_url, json)


def _each(
    done: str,
    act: Callable[[DeadLetters, DeadLetter], Awaitable[None]],
    numbers: list[int] | None,
    everything: bool,
    data: Path,
    bus_url: str | None,
    json: bool,
) -> None:
    if bool(numbers) == everything:
        fail("name the dead letters by number, or all of them by --all", Exit.USAGE, json=json)

    async def work() -> tuple[list[int], dict[int, str]]:
        import nats

        dealt_with: list[int] = []
        kept: dict[int, str] = {}
        async with _letters(data, bus_url) as letters:
            named = [await letters.get(number) for number in dict.fromkeys(numbers or ())]
            async for letter in letters.all() if everything else _these(named):
                try:
                    await act(letters, letter)
                    dealt_with.append(letter.sequence)
                except (NotToBeSaid, nats.errors.Error) as error:
                    kept[letter.sequence] = str(error) or type(error).__name__
        return dealt_with, kept

    dealt_with, kept = _run(work, json)
    if json:
        _print({done: dealt_with, "kept": [{"number": number, "reason": reason} for number, reason in kept.items()]})
    else:
        typer.echo(f"{len(dealt_with):,} {done}")
        for number, reason in kept.items():
            typer.echo(f"markethall: {number} is kept: {reason}", err=True)
    if kept:
        raise typer.Exit(Exit.REFUSED)


async def _these(letters: Sequence[DeadLetter]) -> AsyncIterator[DeadLetter]:
    for letter in letters:
        yield letter


def _run(work: Callable[[], Any], json: bool) -> Any:
    import nats

    try:
        return run(work(), json=json)
    except NoSuchLetter as error:
        fail(str(error), Exit.ABSENT, json=json)
    except LocalError as error:
        fail(str(error), Exit.UNREACHABLE, json=json)
    except (OSError, TimeoutError, nats.errors.Error) as error:
        reason = str(error) or type(error).__name__
        fail(f"the bus does not answer: {reason}", Exit.UNREACHABLE, json=json)


@asynccontextmanager
async def _letters(data: Path, bus_url: str | None) -> AsyncIterator[DeadLetters]:
    import nats

    failures: list[Exception] = []

    async def note(error: Exception) -> None:
        failures.append(error)

    servers = (bus_url or LocalShop(data).bus_url()).split(",")
    try:
        async with asyncio.timeout(2 * CONNECT_SECONDS):
            client = await nats.connect(
                servers,
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                connect_timeout=CONNECT_SECONDS,
                error_cb=note,
            )
    except (nats.errors.NoServersError, TimeoutError):
        raise failures[-1] if failures else OSError("no server could be reached") from None
    try:
        yield DeadLetters(client)
    finally:
        await client.close()


def _summary(letter: DeadLetter) -> dict[str, Any]:
    return {
        "number": letter.sequence,
        "at": letter.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "consumer": letter.consumer,
        "subject": letter.subject,
        "reason": letter.reason,
        "bytes": len(letter.payload),
    }


def _print(document: object) -> None:
    typer.echo(msgspec.json.encode(document).decode())
