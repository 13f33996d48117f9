"""The real parts that tests stand on: one PostgreSQL for the session, a NATS for each module."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from markethall.kit.app import DrainingServer, Service, listen
from markethall.kit.settings import Settings
from markethall.local.credentials import Credentials
from markethall.local.databases import prepare_databases
from markethall.local.mqtt import MqttListener
from markethall.local.nats import EmbeddedNats
from markethall.local.postgres import EmbeddedPostgres


@dataclass(frozen=True)
class Machine:
    """A PostgreSQL server with a role for each service."""

    postgres: EmbeddedPostgres
    credentials: Credentials

    async def new_database(self, service: str, template: str | None = None) -> str:
        """The DSN of a database that the service's role owns: empty, or a copy of the one that `template` names."""
        source = template.rpartition("/")[2] if template else "template1"
        name = f"{service}_{uuid.uuid4().hex[:12]}"
        connection = await asyncpg.connect(self.postgres.dsn(), timeout=10)
        try:
            await connection.execute(f"CREATE DATABASE {name} OWNER {service} TEMPLATE {source}")
        finally:
            await connection.close()
        return self.postgres.dsn(name, service)


@asynccontextmanager
async def postgres_machine(folder: Path, credentials: Credentials) -> AsyncIterator[Machine]:
    logs = folder / "logs"
    logs.mkdir(exist_ok=True)
    postgres = EmbeddedPostgres(folder / "postgres", credentials.database, logs)
    await postgres.start()
    try:
        await prepare_databases(postgres, credentials.database)
        yield Machine(postgres, credentials)
    finally:
        await postgres.stop()


@asynccontextmanager
async def nats_server(
    folder: Path, credentials: Credentials, mqtt: MqttListener | None = None
) -> AsyncIterator[EmbeddedNats]:
    logs = folder / "logs"
    logs.mkdir(exist_ok=True)
    server = EmbeddedNats(folder / "nats", credentials.bus, logs, mqtt=mqtt)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def settings_for(service: str, database_url: str, nats: EmbeddedNats, **more: object) -> Settings:
    """Settings of a replica under test; `more` overrides."""
    values: dict[str, object] = {
        "service": service,
        "database_url": database_url,
        "bus_url": nats.url_for(service),
        "drain_seconds": 2.0,
        "mqtt_url": f"mqtt://{nats.mqtt.address}" if nats.mqtt else "",
    }
    return Settings.model_validate(values | more)


@asynccontextmanager
async def running(create: Callable[[Settings], Service], settings: Settings) -> AsyncIterator[str]:
    """A service in this process, on a free port, ready: its address. Drained at the end."""
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    service = create(settings.model_copy(update={"port": port}))
    server = DrainingServer(service)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server._serve([listener]))
    try:
        await eventually(lambda: server.started or task.done(), seconds=30)
        if task.done():
            await task
            raise RuntimeError("the service did not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await asyncio.wait_for(task, 30)
        listener.close()


async def eventually(condition: Callable[[], object], *, seconds: float = 10.0) -> None:
    """Wait until `condition()` is true or its awaitable result is.

    Raises:
        AssertionError: it was not so in time.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        result = condition()
        if asyncio.iscoroutine(result):
            result = await result
        if result:
            return
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not so within {seconds} s: {condition}")
        await asyncio.sleep(0.02)
