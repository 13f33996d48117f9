"""Links between the parts: TCP proxies of ours in every connection, so that a test can delay, cut or silence it.

A silent link loses nothing, as a network loses nothing that TCP repeats: what was sent meanwhile arrives
when the link is open again, if there is still somebody to hear it. A link that is cut resets what it carries.
"""

import asyncio
import re
import socket
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Protocol, cast, get_args
from urllib.parse import urlsplit

from markethall.local.errors import LocalError
from markethall.local.link_ends import Behaviour, Connection, Direction, Mode
from markethall.local.ports import LOOPBACK

MAX_CONNECTIONS = 2048
"""Through one link; more are refused."""
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
        name = f"{source}→{place.service}-{place.replica}"
        link = self._links.get(name)
        if link is None:
            link = self._links[name] = Link(name, place)
        return f"{LOOPBACK}:{link.port}"

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
    """One listening port and what goes through it."""

    def __init__(self, name: str, place: Place) -> None:
        self.name = name
        self._place = place
        self._behaviour = Behaviour()
        self._connections: set[Connection] = set()
        self._listener = socket.create_server((LOOPBACK, 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self._opening = asyncio.create_task(self._open(), name=f"link {name}")

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
        return await asyncio.get_running_loop().create_server(self._accept, sock=self._listener)

    def _accept(self) -> asyncio.Protocol:
        behaviour = self._behaviour if len(self._connections) < MAX_CONNECTIONS else Behaviour("cut")
        connection = Connection(behaviour, self._reach, self._connections.discard)
        self._connections.add(connection)
        return connection.near

    def _reach(self) -> tuple[str, int]:
        address = urlsplit(self._place.url)
        if address.hostname is None or address.port is None:
            raise OSError(f"{self.name}: nothing to be reached at {self._place.url!r}")
        return address.hostname, address.port
