"""Links between the parts: proxies of ours in every connection, so that a test can delay, cut or silence it.

A silent link loses nothing, as a network loses nothing that TCP repeats: what was sent meanwhile arrives
when the link is open again, if there is still somebody to hear it. A link that is cut resets what it carries.
"""

import asyncio
import re
import socket
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Protocol, cast, get_args
from urllib.parse import urlsplit

from markethall.kit import unix_sockets
from markethall.local.errors import LocalError
from markethall.local.link_ends import Behaviour, Connect, Connection, Direction, Mode, NewEnd
from markethall.local.ports import LOOPBACK

MAX_CONNECTIONS = 2048
"""Through one link; more are refused."""
BACKLOG = 256
_ADDRESS = re.compile(rf"{re.escape(LOOPBACK)}:(\d+)")


class Place(Protocol):
    """A server that can be reached: a unit. Its port may change when it is started anew."""

    @property
    def service(self) -> str: ...

    @property
    def replica(self) -> str: ...

    @property
    def url(self) -> str: ...


class Links:
    """Every link of a shop, by name: `orders-1→postgres-1`. Made when first asked for, then kept."""

    def __init__(self) -> None:
        self._links: dict[str, Link] = {}

    def address(self, source: str, place: Place) -> str:
        """Where `source` reaches the place: `127.0.0.1:port` of a link."""
        name = _name(source, place)
        if name not in self._links:
            listener = socket.create_server((LOOPBACK, 0), backlog=BACKLOG)
            self._links[name] = Link(name, listener, _by_address(name, place))
        return f"{LOOPBACK}:{self._links[name].port}"

    def join(self, source: str, place: Place, near: Path, far: Path) -> None:
        """The same of Unix sockets: `source` connects to `near`, the place listens at `far`."""
        name = _name(source, place)
        if name not in self._links:
            self._links[name] = Link(name, _listening(near), _by_path(far))

    def through(self, source: str, settings: Mapping[str, str], places: Iterable[Place]) -> dict[str, str]:
        """The settings, with a link's address for each of a place that they name."""
        by_port = {urlsplit(place.url).port: place for place in places}

        def linked(found: re.Match[str]) -> str:
            place = by_port.get(int(found[1]))
            return self.address(source, place) if place else found[0]

        return {name: _ADDRESS.sub(linked, value) for name, value in settings.items()}

    async def show(self) -> list[dict[str, Any]]:
        """Control command `links`."""
        return [link.state() for _, link in sorted(self._links.items())]

    async def set(
        self, name: str, mode: str, delay_ms: float = 0, jitter_ms: float = 0, direction: str = "both"
    ) -> list[str]:
        """Control command `link`: every link whose name fits the pattern behaves so from now on; their names.

        Raises LocalError: none fits, or there is no such mode or direction.
        """
        if mode not in get_args(Mode) or direction not in get_args(Direction):
            raise LocalError(
                f"a link is {' or '.join(get_args(Mode))}, its direction {' or '.join(get_args(Direction))}"
            )
        chosen = [link for link in self._links.values() if fnmatchcase(link.name, name)]
        if not chosen:
            raise LocalError(f"there is no link {name!r}: they are {', '.join(sorted(self._links)) or 'none'}")
        behaviour = Behaviour(cast(Mode, mode), delay_ms / 1000, jitter_ms / 1000, cast(Direction, direction))
        for link in chosen:
            link.behave(behaviour)
        return [link.name for link in chosen]

    async def close(self) -> None:
        for link in self._links.values():
            await link.close()


class Link:
    """One listening socket and what goes through it."""

    def __init__(self, name: str, listener: socket.socket, connect: Connect) -> None:
        self.name = name
        self._behaviour = Behaviour()
        self._connections: set[Connection] = set()
        self._listener = listener
        self._connect = connect
        self._opening = asyncio.create_task(self._open(), name=f"link {name}")

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def behave(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        for connection in list(self._connections):
            connection.behave(behaviour)

    def state(self) -> dict[str, Any]:
        return {"name": self.name, "mode": self._behaviour.mode, "connections": len(self._connections)}

    async def close(self) -> None:
        server = await self._opening
        server.close()
        for connection in list(self._connections):
            connection.cut()

    async def _open(self) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        if self._listener.family == socket.AF_UNIX:
            return await loop.create_unix_server(self._accept, sock=self._listener)
        return await loop.create_server(self._accept, sock=self._listener)

    def _accept(self) -> asyncio.Protocol:
        behaviour = self._behaviour if len(self._connections) < MAX_CONNECTIONS else Behaviour("cut")
        connection = Connection(behaviour, self._connect, self._connections.discard)
        self._connections.add(connection)
        return connection.near


def _name(source: str, place: Place) -> str:
    return f"{source}→{place.service}-{place.replica}"


def _listening(path: Path) -> socket.socket:
    listener = unix_sockets.bind(path)
    listener.listen(BACKLOG)
    return listener


def _by_address(name: str, place: Place) -> Connect:
    async def connect(end: NewEnd) -> None:
        address = urlsplit(place.url)
        if address.hostname is None or address.port is None:
            raise OSError(f"{name}: nothing to be reached at {place.url!r}")
        await asyncio.get_running_loop().create_connection(end, address.hostname, address.port)

    return connect


def _by_path(path: Path) -> Connect:
    async def connect(end: NewEnd) -> None:
        with unix_sockets.short(path) as name:
            await asyncio.get_running_loop().create_unix_connection(end, name)

    return connect
