"""A running local shop as faults see it: its processes, its links, its clusters, and whether all of it is well."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import asyncpg
import msgspec
import psutil

from markethall.local.control import ask
from markethall.local.credentials import BUS_OPERATOR
from markethall.local.errors import LocalError, NotRunning
from markethall.local.folder import ProcessEntry
from markethall.local.shop import LocalShop

LOOK_SECONDS = 0.1
GONE_LOOK_SECONDS = 0.5
PROBE_SECONDS = 3.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")
STREAMS = ("ORDERS", "STOCK")


class NotWell(LocalError):
    """The shop has not recovered in time; the message says of what."""


class ShopGone(LocalError):
    """Its `markethall up` ended while it was being looked at."""

    def __init__(self, data: Path) -> None:
        super().__init__(
            f"the shop on {data} is gone: its `markethall up` has ended, and all that it ran, so nothing was judged. "
            f"Start it again (markethall up --data {data}), and ask it what is right (markethall audit --data {data})"
        )


class Target:
    """Found by the shop's folder. Raises LocalError: it does not run, or not all of it is on this machine."""

    def __init__(self, data: Path) -> None:
        self.shop = LocalShop(data)
        self.data = self.shop.folder.path
        self.address = self.shop.address
        for entry in self.processes():
            if urlsplit(entry.url).hostname not in LOOPBACK and entry.service not in ("edge", "front"):
                raise LocalError(f"{name_of(entry)} of {data} is at {entry.url}: faults are for a shop on this machine")
        self.commands: frozenset[str] = frozenset()
        """What can be asked of it (`markethall.local.control`)."""
        self.links: tuple[str, ...] = ()
        """Names of the links; none where it runs without `--links`."""
        self._members = {name_of(entry) for entry in self.processes()}
        self._standbys = 0

    async def look(self) -> None:
        """Learns what it is made of while it is well. Raises LocalError."""
        self.commands = frozenset(await self.ask("commands"))
        if "links" in self.commands:
            self.links = tuple(link["name"] for link in await self.ask("links"))
        self._members = {name_of(entry) for entry in self.processes()}
        self._standbys = len(self._nodes("postgres")) - 1

    async def ask(self, command: str, *, timeout_seconds: float = 90.0, **arguments: Any) -> Any:
        return await ask(self.shop.folder, command, timeout_seconds=timeout_seconds, **arguments)

    @contextlib.asynccontextmanager
    async def while_it_runs(self) -> AsyncIterator[None]:
        """Breaks off the block when the shop is no more, with ShopGone, whatever it is waiting for."""
        task = asyncio.current_task()
        assert task is not None
        watching = asyncio.create_task(self._until_gone(task))
        try:
            yield
        except (Exception, asyncio.CancelledError) as error:
            if self.shop.running:
                raise
            if watching.done():
                task.uncancel()
            raise ShopGone(self.data) from error
        finally:
            watching.cancel()
            await asyncio.wait([watching])

    async def _until_gone(self, task: asyncio.Task[object]) -> None:
        while True:
            await asyncio.sleep(GONE_LOOK_SECONDS)
            if not self.shop.running:
                task.cancel()
                return

    # Processes

    def processes(self) -> list[ProcessEntry]:
        return self.shop.folder.read_processes()

    def names(self, *services: str) -> list[str]:
        """`orders-1` and so on; of all services if none is named."""
        return sorted(name_of(entry) for entry in self.processes() if not services or entry.service in services)

    def entry(self, name: str) -> ProcessEntry:
        """Raises NotRunning."""
        for entry in self.processes():
            if name_of(entry) == name:
                return entry
        raise NotRunning(f"{name} is not running just now")

    def signal(self, pid: int, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)

    def freeze(self, pid: int) -> list[int]:
        """The process and all that it has started; their pids."""
        family = _family(pid)
        for each in family:
            self.signal(each, signal.SIGSTOP)
        return family

    def thaw(self, pids: list[int]) -> None:
        for each in pids:
            self.signal(each, signal.SIGCONT)

    # Clusters

    async def primary(self) -> str:
        """The name of the PostgreSQL server that takes writes. Raises NotRunning."""
        for name in self._nodes("postgres"):
            with suppress(OSError, asyncpg.PostgresError, TimeoutError):
                if not await self._value(name, "SELECT pg_is_in_recovery()"):
                    return name
        raise NotRunning("no PostgreSQL server takes writes just now")

    async def bus_leader(self) -> str:
        """The name of the server that leads the stream of orders. Raises NotRunning."""
        cluster = (await self._streams())[STREAMS[0]].get("cluster") or {}
        leader = str(cluster.get("leader") or "")
        for name in self._nodes("nats"):
            if leader.rpartition("-")[2] == name.rpartition("-")[2]:
                return name
        raise NotRunning("the bus has no leader just now")

    # Well or not

    async def until_well(self, seconds: float) -> None:
        """Waits until every process is there, answers, and has its copies. Raises NotWell."""
        missing: str | None = "nothing was looked at"
        try:
            async with asyncio.timeout(seconds), aiohttp.ClientSession() as session:
                while True:
                    missing = await self._missing(session)
                    if missing is None:
                        return
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            raise NotWell(f"not well again after {seconds:.0f} s: {missing}") from None

    async def _missing(self, session: aiohttp.ClientSession) -> str | None:
        """What is not as it should be; None if all is."""
        entries = {name_of(entry): entry for entry in self.processes()}
        if gone := sorted(self._members - entries.keys()):
            return f"{gone[0]} does not run"
        answers = await asyncio.gather(*(_ill(session, entries[name]) for name in sorted(self._members)))
        if ill := next(filter(None, answers), None):
            return ill
        try:
            return await self._databases_lack() or await self._bus_lacks()
        except (OSError, LocalError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            return str(error) or type(error).__name__

    async def _databases_lack(self) -> str | None:
        if not self._standbys:
            return None
        primary = await self.primary()
        streaming = await self._value(primary, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")
        return None if streaming >= self._standbys else f"{streaming} of {self._standbys} standbys follow {primary}"

    async def _bus_lacks(self) -> str | None:
        if len(self._nodes("nats")) < 2:
            return None
        for stream, found in (await self._streams()).items():
            cluster = found.get("cluster") or {}
            if not cluster.get("leader"):
                return f"the stream {stream} has no leader"
            for copy in cluster.get("replicas") or []:
                if not copy.get("current") or copy.get("offline"):
                    return f"the copy of {stream} on {copy.get('name')} is behind"
        return None

    async def _streams(self) -> dict[str, dict[str, Any]]:
        import nats

        try:
            client = await nats.connect(
                servers=[entry.url for entry in self.processes() if entry.service == "nats"],
                user=BUS_OPERATOR,
                password=urlsplit(self.shop.bus_url().split(",")[0]).password or "",
                connect_timeout=2,
                max_reconnect_attempts=1,
                allow_reconnect=False,
                error_cb=_said_by_the_answer,
            )
        except (nats.errors.Error, OSError, TimeoutError) as error:
            raise NotRunning(f"the bus does not answer: {error or type(error).__name__}") from None
        try:
            answers = {name: await client.request(f"$JS.API.STREAM.INFO.{name}", b"", timeout=2) for name in STREAMS}
            return {name: msgspec.json.decode(answer.data) for name, answer in answers.items()}
        except nats.errors.Error as error:
            raise NotRunning(f"the bus does not answer: {error}") from None
        finally:
            await client.close()

    async def _value(self, name: str, query: str) -> Any:
        """As superuser, of one server."""
        place = urlsplit(self.entry(name).url).netloc
        dsn = urlsplit(self.shop.dsn("postgres"))
        user, _, _ = dsn.netloc.rpartition("@")
        connection = await asyncpg.connect(
            f"postgresql://{user}@{place}/postgres", timeout=PROBE_SECONDS, command_timeout=PROBE_SECONDS
        )
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close(timeout=PROBE_SECONDS)

    def _nodes(self, service: str) -> list[str]:
        return self.names(service)


def name_of(entry: ProcessEntry) -> str:
    return f"{entry.service}-{entry.replica}"


async def _ill(session: aiohttp.ClientSession, entry: ProcessEntry) -> str | None:
    """What a process says of itself; of a server that speaks no HTTP, that it takes connections."""
    address = urlsplit(entry.url)
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            if not address.scheme.startswith("http"):
                _, writer = await asyncio.open_connection(address.hostname, address.port)
                writer.close()
                return None
            async with session.get(f"{entry.url}/health/ready") as answer:
                states = (await answer.json()).get("dependencies") or {}
                down = next((f"{name} {state}" for name, state in states.items() if state.startswith("down")), None)
                return None if answer.status == 200 and down is None else f"{name_of(entry)}: {down or answer.status}"
    except (OSError, TimeoutError, aiohttp.ClientError, ValueError) as error:
        return f"{name_of(entry)} does not answer ({type(error).__name__})"


async def _said_by_the_answer(_error: Exception) -> None:
    return None


def _family(pid: int) -> list[int]:
    try:
        process = psutil.Process(pid)
        return [pid, *(child.pid for child in process.children(recursive=True))]
    except psutil.NoSuchProcess:
        return []
