"""Fixtures that every test may use. Real servers, fresh databases, nothing left behind."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from markethall.local.credentials import Credentials, fresh
from markethall.local.nats import EmbeddedNats
from tests.support.machine import Machine, nats_server, postgres_machine
from tests.support.shop import Shop, running_shop

TOLD_AT_THE_END = "told at the end"
"""Name of a property (`record_property`) that is printed with the closing lines: a seed, figures."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in getattr(report, "user_properties", ()):
                if name == TOLD_AT_THE_END and report.when == "call":
                    terminalreporter.section(report.nodeid)
                    terminalreporter.write_line(str(value))


@pytest.fixture(scope="session")
def credentials() -> Credentials:
    return fresh()


@pytest.fixture(scope="session")
async def machine(tmp_path_factory: pytest.TempPathFactory, credentials: Credentials) -> AsyncIterator[Machine]:
    """One PostgreSQL server for the whole session; take a database of your own from it."""
    async with postgres_machine(tmp_path_factory.mktemp("machine"), credentials) as machine:
        yield machine


@pytest.fixture(scope="module")
async def nats(tmp_path_factory: pytest.TempPathFactory, credentials: Credentials) -> AsyncIterator[EmbeddedNats]:
    """A bus for each module, with the permissions that the shop has."""
    async with nats_server(tmp_path_factory.mktemp("bus"), credentials) as server:
        yield server


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A whole shop with the demo store, started as anyone would, one replica of each service."""
    with running_shop(Path(tmp_path_factory.mktemp("shop")) / "data", "--demo") as shop:
        yield shop


@pytest.fixture(scope="session")
def wide_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The same with three replicas of every service, several fronts behind the edge included."""
    replicas = ",".join(f"{name}=3" for name in ("front", "catalog", "inventory", "orders", "accounts"))
    data = Path(tmp_path_factory.mktemp("wide")) / "data"
    with running_shop(data, "--demo", "--replicas", replicas) as shop:
        yield shop
