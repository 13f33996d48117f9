"""Peers as processes, and the database that one has to itself on the shop's server."""

import asyncio
import signal
import sys
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from markethall.bench.errors import CannotMeasure
from markethall.bench.subject import Subject
from markethall.local import probe
from markethall.local.ports import LOOPBACK, free_port
from markethall.local.process import prepared

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

READY_SECONDS = 30.0
STOP_SECONDS = 5.0
STATEMENT_SECONDS = 60.0


@asynccontextmanager
async def served(name: str, environment: "Mapping[str, str]") -> "AsyncIterator[tuple[str, int]]":
    """The address and the pid of a peer. Raises CannotMeasure."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "markethall.bench.peers.serve", name, str(port)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
        preexec_fn=prepared(signal.SIGKILL),
    )
    address = f"http://{LOOPBACK}:{port}"
    try:
        deadline = monotonic() + READY_SECONDS
        while await probe.status(f"{address}/ping") != 200:
            if process.returncode is not None or monotonic() > deadline:
                raise CannotMeasure(f"the peer {name} does not start")
            await asyncio.sleep(0.05)
        yield address, process.pid
    finally:
        if process.returncode is None:
            process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
        if process.returncode is None:
            process.kill()
            await process.wait()


async def serve_beside(subject: Subject, peer: str, name: str, environment: "Mapping[str, str]") -> str:
    """Starts a peer that is measured by this name; the subject ends it. Its address. Raises CannotMeasure."""
    address, pid = await subject.stack.enter_async_context(served(peer, environment))
    subject.beside[name] = pid
    return address


@asynccontextmanager
async def _made(server: str, name: str) -> "AsyncIterator[str]":
    """A database that is gone afterwards."""
    async with AsyncExitStack() as stack:
        connection = await asyncpg.connect(server, timeout=10, command_timeout=STATEMENT_SECONDS)
        stack.push_async_callback(connection.close, timeout=10)
        await connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def database_beside(subject: Subject) -> str:
    """A database of its own on the server of the shop's primary: its DSN, as superuser. Raises CannotMeasure."""
    if subject.shop is None:
        raise CannotMeasure("this compares with peers on the same database: it needs a local shop, as by --data")
    server = subject.shop.dsn("postgres")
    return await subject.stack.enter_async_context(_made(server, f"bench_{uuid4().hex[:8]}"))
