"""The database nodes of a shop without the shop: a primary and its standbys, kept by a supervisor."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from markethall.local.credentials import Credentials, load_or_make
from markethall.local.database_node import DatabaseNode
from markethall.local.database_nodes import DatabaseNodes
from markethall.local.folder import DataFolder
from markethall.local.supervisor import Supervisor
from tests.support.machine import eventually


class Cluster:
    """Running nodes, with a table to write down numbers in."""

    def __init__(self, folder: DataFolder, credentials: Credentials, nodes: DatabaseNodes) -> None:
        self.folder = folder
        self.credentials = credentials
        self.nodes = nodes
        self.supervisor = Supervisor(lambda _row: None)

    async def note(self, number: int) -> None:
        """Acknowledged when this returns."""
        await self.execute(self.nodes.primary, "CREATE TABLE IF NOT EXISTS notes (number integer)")
        await self.execute(self.nodes.primary, f"INSERT INTO notes VALUES ({number})")

    async def notes(self, node: DatabaseNode) -> object:
        return (await node.ask("SELECT array_agg(number ORDER BY number) FROM notes"))[0][0]

    async def execute(self, node: DatabaseNode, statement: str) -> None:
        connection = await asyncpg.connect(node.postgres.dsn(), timeout=10, command_timeout=30)
        try:
            await connection.execute(statement)
        finally:
            connection.terminate()

    async def following(self, seconds: float = 60) -> None:
        """Returns when every standby is connected to the primary and has all that it has."""

        async def all_follow() -> bool:
            described = await self.nodes.describe()
            return all(
                each["role"] == "primary" or (each["state"] == "streaming" and each["lag_bytes"] == 0)
                for each in described
            )

        await eventually(all_follow, seconds=seconds)


@asynccontextmanager
async def running_cluster(data: Path, *, read_replicas: int, synchronous: bool = False) -> AsyncIterator[Cluster]:
    """Ended at the end, whatever happened."""
    folder = DataFolder(data)
    with folder.hold():
        credentials, _ = load_or_make(folder)
        nodes = DatabaseNodes(
            folder, credentials.database, folder.read_ports(), read_replicas=read_replicas, synchronous=synchronous
        )
        cluster = Cluster(folder, credentials, nodes)
        try:
            await nodes.open(cluster.supervisor)
            yield cluster
        finally:
            await nodes.close(cluster.supervisor)
