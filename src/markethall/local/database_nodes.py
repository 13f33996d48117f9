"""The databases of a local shop: the PostgreSQL servers that hold them, and how services reach them.

One is the primary, the others are hot standbys. Which one it is stands in `database.json` and nowhere else;
only a promotion (`markethall.local.promotion`) changes it, before anything else is changed.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import asyncpg
import structlog

from markethall.local.archive import archiving
from markethall.local.credentials import DATABASES
from markethall.local.database_node import UNANSWERED, DatabaseNode
from markethall.local.database_record import Record, last_ran, read_record, write_record
from markethall.local.databases import prepare_databases
from markethall.local.errors import LocalError
from markethall.local.folder import DataFolder
from markethall.local.ports import LOOPBACK
from markethall.local.postgres import EmbeddedPostgres
from markethall.local.service import MAX_REPLICAS
from markethall.local.standby import WAL_KEPT, Source
from markethall.local.supervisor import Supervisor
from markethall.local.unit import Unit

log = structlog.get_logger(__name__)

MAX_READ_REPLICAS = 4
NODE_NUMBERS = range(1, MAX_READ_REPLICAS + 2)
CONNECTIONS_PER_REPLICA = 16
"""Two pools of six (`Settings.database_pool`), and what a migration takes."""
SPARE_CONNECTIONS = 40
"""For audits and people."""
TEND_SECONDS = 1.0
PATIENCE_ROUNDS = 5
"""A standby that runs and is not connected to the primary for this many looks is restarted, then copied anew."""
AWAY_SECONDS = 5.0
"""A standby that was not up to date for so long is recorded as one that lacks writes."""

Reach = Callable[[str, DatabaseNode], str]
"""(who, whom) → `host:port` by which a standby (`postgres-2`) reaches the primary: for who puts something between."""

STREAMING = "SELECT application_name, state, sync_state FROM pg_stat_replication"
TIMELINE = "SELECT ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::int"
RECEIVED = "SELECT received_tli FROM pg_stat_wal_receiver"
# By the log it writes: after a promotion the control file has the former timeline until a checkpoint is done.
PRIMARY_STATE = f"""
SELECT pg_current_wal_flush_lsn() - '0/0' AS bytes, pg_current_wal_flush_lsn()::text AS position,
    ({TIMELINE}) AS timeline
"""
STANDBY_STATE = """
SELECT pg_last_wal_replay_lsn() - '0/0' AS bytes, pg_last_wal_replay_lsn()::text AS position,
    greatest((SELECT received_tli FROM pg_stat_wal_receiver), timeline_id) AS timeline
FROM pg_control_checkpoint()
"""


def primary_of(folder: DataFolder) -> int:
    """The number of the node that is the primary. Raises FolderDamaged."""
    return read_record(folder).primary


def directly(_who: str, whom: DatabaseNode) -> str:
    return f"{LOOPBACK}:{whom.postgres.port}"


class DatabaseNodes:
    """The primary and `read_replicas` standbys. `synchronous`: commits wait until a standby has them, too."""

    def __init__(
        self,
        folder: DataFolder,
        passwords: dict[str, str],
        ports: Mapping[str, int],
        *,
        read_replicas: int = 0,
        synchronous: bool = False,
        numbers: Sequence[int] | None = None,
        reach: Reach = directly,
    ) -> None:
        """`numbers`: of the nodes, where it is not for us to choose them.

        Raises FolderDamaged; LocalError where nobody could be waited for.
        """
        if synchronous and not read_replicas:
            raise LocalError("synchronous commits need a standby to wait for: give --read-replicas, too")
        self.synchronous = synchronous
        self.turning = asyncio.Lock()
        """Held by whoever stops or starts a node."""
        self._folder = folder
        self._passwords = passwords
        self._reach = reach
        self._is_new = not folder.database.exists()
        self.record = read_record(folder)
        primary = self.record.primary
        others = [number for number in NODE_NUMBERS if number != primary]
        numbers = sorted(numbers or [primary, *others[:read_replicas]])
        settings = _settings(numbers, synchronous) if read_replicas else {}
        self.nodes = [self._node(number, ports, settings) for number in numbers]
        self.primary = next(node for node in self.nodes if node.number == primary)
        self._tending: asyncio.Task[None] | None = None
        self._missed: dict[DatabaseNode, int] = {}
        self._away: dict[DatabaseNode, float] = {}

    def _node(self, number: int, ports: Mapping[str, int], settings: Mapping[str, str]) -> DatabaseNode:
        path = self._folder.postgres_of(number)
        postgres = EmbeddedPostgres(
            path,
            self._passwords,
            self._folder.logs,
            port=ports.get(f"postgres-{number}", 0),
            # For as many replicas as there may ever be: the number is fixed when a server starts, and
            # a standby must have as many as its primary.
            max_connections=SPARE_CONNECTIONS + CONNECTIONS_PER_REPLICA * MAX_REPLICAS * len(DATABASES),
            settings={**archiving(self._folder), **settings},
            replica=str(number),
        )
        return DatabaseNode(number, path, postgres, self.source_of, may_be_made=self._is_new)

    @property
    def units(self) -> list[Unit]:
        return list(self.nodes)

    @property
    def standbys(self) -> list[DatabaseNode]:
        return [node for node in self.nodes if node is not self.primary]

    def settings_for(self, service: str) -> dict[str, str]:
        """MARKETHALL_ settings, without that prefix, by which the service reaches its database."""
        settings = {"DATABASE_URL": self._url(service, "read-write")}
        if service == "catalog" and len(self.nodes) > 1:
            settings["DATABASE_READ_URL"] = self._url(service, "standby")
        return settings

    def _url(self, service: str, wanted: str) -> str:
        password = quote(self._passwords[service], safe="")
        hosts = ",".join(f"{LOOPBACK}:{node.postgres.port}" for node in self.nodes)
        return f"postgresql://{service}:{password}@{hosts}/{service}?target_session_attrs={wanted}"

    def source_of(self, node: DatabaseNode) -> Source | None:
        """Whom a node has to follow; None: it is the primary."""
        if node is self.primary:
            return None
        host, _, port = self._reach(f"postgres-{node.number}", self.primary).rpartition(":")
        return Source(host, int(port), self._passwords)

    def appoint(self, node: DatabaseNode, *, rejoin: bool = True) -> None:
        """Records that this node is the primary from now on, whatever happens next. `rejoin`: the former one is to
        be a standby."""
        others = [each.number for each in self.nodes if each is not node and (rejoin or each is not self.primary)]
        self._write(self.record.appointed(node.number, others, time.time()))
        self.primary = node

    async def open(self, supervisor: Supervisor) -> None:
        """Returns when each service has a database of its own, and all standbys follow. Raises StartFailed."""
        await supervisor.start([self.primary])
        # Before anything is written that a standby of an earlier run would lack. A new shop has none.
        if not self._is_new:
            self._begin()
        await prepare_databases(self.primary.postgres, self._passwords)
        if self._is_new:
            self._begin()
        await supervisor.start(self.standbys)
        for node in self.standbys:
            if node.made_by == "copied":
                self._write(self.record.joined(node.number))
        self._tending = asyncio.create_task(self._tend(supervisor), name="tend the standbys")

    def _begin(self) -> None:
        leftover = {}
        for number in NODE_NUMBERS:
            with contextlib.suppress(OSError):
                leftover[number] = last_ran(self._folder.postgres_of(number))
        standbys = [node.number for node in self.standbys]
        self._write(self.record.begun(standbys, leftover, self.synchronous, time.time()), always=True)

    def _write(self, record: Record, *, always: bool = False) -> None:
        if always or record != self.record:
            write_record(self._folder, record)
            self.record = record

    async def close(self, supervisor: Supervisor) -> None:
        """The primary ends last but for what cannot follow it any more: what it wrote last, the standbys have."""
        if self._tending is not None:
            self._tending.cancel()
            await asyncio.wait([self._tending])
        await supervisor.stop([self.primary])
        await supervisor.stop(self.standbys)

    async def describe(self) -> list[dict[str, Any]]:
        """Of each node: number, role, whether it answers, position, timeline, bytes behind, synchronous state.

        A standby's bytes behind are null where it has what the primary has not.
        """
        primary, standbys = self.primary, self.standbys
        # The primary last: it is never behind what a standby that follows it had before.
        streaming, *answers = await asyncio.gather(
            _asked(primary, STREAMING), *(_asked(node, STANDBY_STATE) for node in standbys)
        )
        asked = await _asked(primary, PRIMARY_STATE) if streaming is not None else None
        states = {each["application_name"]: each for each in streaming or []}
        found = {primary: _state(asked)}
        for node, answer in zip(standbys, answers, strict=True):
            state = states.get(node.name)
            found[node] = _state(answer) | {
                "lag_bytes": _behind(answer, asked),
                "state": state["state"] if state else "away",
                "sync_state": state["sync_state"] if state else None,
            }
        return [
            {
                "node": node.number,
                "role": "primary" if node is primary else "standby",
                "answers": found[node]["position"] is not None,
            }
            | found[node]
            for node in self.nodes
        ]

    async def _tend(self, supervisor: Supervisor) -> None:
        while True:
            await asyncio.sleep(TEND_SECONDS)
            try:
                async with self.turning:
                    await self._tend_once(supervisor)
            except Exception as error:  # whatever it is: the next look may succeed
                log.warning("standbys are not tended", reason=str(error) or type(error).__name__)

    async def _tend_once(self, supervisor: Supervisor) -> None:
        """Standbys that follow nobody are brought back: they would never notice by themselves."""
        try:
            states = {row["application_name"]: row["state"] for row in await self.primary.ask(STREAMING)}
            timeline = (await self.primary.ask(TIMELINE))[0][0]
        except UNANSWERED:
            return  # nobody can follow it now
        follows = {node: node.name in states and await _is_of(node, timeline) for node in self.standbys}
        for node in self.standbys:
            self._write_down(node, current=follows[node] and states[node.name] == "streaming")
        for node in self.standbys:
            if supervisor.rows[node].state != "up" or follows[node]:
                self._missed[node] = 0
                continue
            self._missed[node] = missed = self._missed.get(node, 0) + 1
            source = self.source_of(node)
            if source and node.followed != source.conninfo(node.name):
                with contextlib.suppress(*UNANSWERED):
                    await node.turn_to(source)
            elif missed % PATIENCE_ROUNDS == 0:
                node.must_be_copied = missed > PATIENCE_ROUNDS
                node.hangs = not await node.replies()
                log.warning("standby is restarted", node=node.number, anew=node.must_be_copied)
                await supervisor.restart(node)

    def _write_down(self, node: DatabaseNode, *, current: bool) -> None:
        """Whether it has what the primary wrote: for a promotion after this run."""
        record, now = self.record, time.time()
        if current:
            self._away.pop(node, None)
            record = record.joined(node.number)
        elif now - (since := self._away.setdefault(node, now)) >= AWAY_SECONDS:
            record = record.left(node.number, since)
        with contextlib.suppress(OSError):  # a full disk does not end the tending: the next look tries again
            self._write(record)


def _settings(numbers: list[int], synchronous: bool) -> dict[str, str]:
    """The same for all nodes: any may become the primary."""
    settings = {
        "wal_keep_size": WAL_KEPT,
        # A peer that hangs, or is cut off, is noticed in time.
        "wal_sender_timeout": "10s",
        "wal_receiver_timeout": "10s",
        "wal_retrieve_retry_interval": "500ms",
    }
    if synchronous:
        # By name: a backup that is just being streamed is nobody to count on.
        names = ", ".join(f"node_{number}" for number in numbers)
        settings["synchronous_standby_names"] = f"ANY 1 ({names})"
    return settings


async def _is_of(node: DatabaseNode, timeline: int) -> bool:
    """Whether what it receives is the primary's present history. One that went further than the primary was when
    it was promoted connects, too, again and again. A standby that hangs is left to the primary to give up."""
    try:
        return [row[0] for row in await node.ask(RECEIVED)] == [timeline]
    except UNANSWERED:
        return True


async def _asked(node: DatabaseNode, question: str) -> list[asyncpg.Record] | None:
    """None: it does not answer."""
    try:
        return await node.ask(question)
    except UNANSWERED:
        return None


def _state(answer: list[asyncpg.Record] | None) -> dict[str, Any]:
    return {name: answer[0][name] if answer else None for name in ("position", "timeline")}


def _behind(standby: list[asyncpg.Record] | None, primary: list[asyncpg.Record] | None) -> int | None:
    if not standby or not primary or standby[0]["bytes"] is None:
        return None
    behind = int(primary[0]["bytes"] - standby[0]["bytes"])
    return behind if behind >= 0 else None
