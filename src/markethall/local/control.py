"""How commands speak to a running `markethall up`: a socket in the data folder, a JSON line each way.

Who may enter the folder (mode 0700) may command the shop; nobody else can.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from markethall.kit.unix_sockets import short
from markethall.local.errors import LocalError, NotRunning
from markethall.local.folder import DataFolder

SOCKET = "control"
MAX_LINE_BYTES = 1 << 20
REQUEST_SECONDS = 5.0
"""For the request to arrive once somebody has connected."""

COMMANDS = "commands"
"""The one command that every shop knows: the names of all that this one does."""

Handler = Callable[..., Awaitable[Any]]
"""Is given the command's arguments by name; what it returns must be fit for JSON."""


class _Request(msgspec.Struct, frozen=True):
    command: str
    arguments: dict[str, Any] = {}


class _Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    result: Any = None
    error: str | None = None


@contextlib.asynccontextmanager
async def listening(folder: DataFolder, handlers: Mapping[str, Handler], name: str = SOCKET) -> AsyncIterator[None]:
    """Serves `handlers` by name on a socket in the folder while the block lasts.

    What a handler raises as LocalError, the asker is told.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                line = await reader.readline()
            answer = await _answer(line, handlers)
            writer.write(msgspec.json.encode(answer) + b"\n")
            await writer.drain()
        except (OSError, TimeoutError, ValueError):
            pass  # whoever asked has gone
        finally:
            writer.close()

    with short(folder.path / name) as path:
        _clear(path)
        server = await asyncio.start_unix_server(serve, path, limit=MAX_LINE_BYTES)
        try:
            yield
        finally:
            server.close()
            _clear(path)


async def ask(folder: DataFolder, command: str, *, timeout_seconds: float = 60.0, **arguments: Any) -> Any:
    """What the running shop's handler of `command` returns.

    Raises:
        NotRunning: nobody listens. LocalError: the shop refuses, or does not answer in time.
    """
    try:
        async with asyncio.timeout(timeout_seconds):
            with short(folder.path / SOCKET) as path:
                reader, writer = await asyncio.open_unix_connection(path, limit=MAX_LINE_BYTES)
            try:
                writer.write(msgspec.json.encode(_Request(command, arguments)) + b"\n")
                answer = msgspec.json.decode(await reader.readline(), type=_Answer)
            finally:
                writer.close()
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        raise NotRunning(f"no shop runs on {folder.path}: start it with `markethall up`") from None
    except TimeoutError:
        raise LocalError(f"the shop on {folder.path} did not answer within {timeout_seconds:.0f} s") from None
    except (OSError, msgspec.DecodeError) as error:
        raise LocalError(f"the shop on {folder.path} broke off: {error}") from error
    if answer.error is not None:
        raise LocalError(answer.error)
    return answer.result


async def _answer(line: bytes, handlers: Mapping[str, Handler]) -> _Answer:
    try:
        request = msgspec.json.decode(line, type=_Request)
        if request.command == COMMANDS:
            return _Answer(sorted([COMMANDS, *handlers]))
        handler = handlers.get(request.command)
        if handler is None:
            return _Answer(error=f"this shop knows no command {request.command!r}")
        return _Answer(await handler(**request.arguments))
    except (LocalError, msgspec.DecodeError, TypeError) as error:
        return _Answer(error=str(error))


def _clear(path: str) -> None:
    """Away with the socket, also with one that a killed shop left."""
    Path(path).unlink(missing_ok=True)
