"""A standby takes the primary's place: the old one is fenced, the record written, then the new one promoted.

The order is the guarantee. Whatever ends this process, and wherever, the next start finds in the record
who is the primary: before it is written, nobody else has taken a write; after it, the old one never will.
In production this is the work of an operator or Patroni.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import asyncpg
import msgspec
import structlog

from markethall.local import stale
from markethall.local.database_node import UNANSWERED, DatabaseNode
from markethall.local.database_nodes import NODE_NUMBERS, DatabaseNodes
from markethall.local.database_record import Record, last_ran, moment, read_record
from markethall.local.errors import LocalError, StartFailed
from markethall.local.folder import DataFolder
from markethall.local.standby import is_standby
from markethall.local.supervisor import Supervisor

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.2
ANSWER_SECONDS = 15.0
"""For standbys that are just being restarted."""
SETTLE_SECONDS = 10.0
WRITE_SECONDS = 30.0

# What it has received it keeps, whether replayed or not; the segments on disk say which history it is of.
POSITION = """
SELECT (SELECT max(('x' || left(name, 8))::bit(32)::int) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'),
    greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0'::pg_lsn
"""
WRITE = "SELECT pg_logical_emit_message(true, 'promotion', '')"

Position = tuple[int, int]
"""Timeline and place in the log: the greater one has more."""


class Promoted(msgspec.Struct, frozen=True):
    """What was done."""

    primary: int
    former: int
    steps: list[str]
    writes_away_seconds: float | None
    """From the fencing to the first write that was acknowledged. None: none was yet."""


async def promote(
    nodes: DatabaseNodes,
    supervisor: Supervisor,
    number: int | None = None,
    *,
    rejoin: bool = True,
    at: Callable[[str], None] = lambda _point: None,
) -> Promoted:
    """Makes a standby the primary: the one with that number, else the one that has most.

    With synchronous commits and no number, all standbys have to answer: only then is one of them sure to have
    whatever was acknowledged. `rejoin`: the former primary is brought back as a standby. `at` is told of each
    point that is passed.

    Raises:
        LocalError: nothing was changed. StartFailed: it goes on when it is asked again, or at the next start.
    """
    async with nodes.turning:
        former = nodes.primary
        candidates = await _candidates(nodes, number)
        at("chosen")
        started = time.monotonic()
        steps = [await _fence(former, supervisor)]
        at("fenced")
        chosen = await _most_advanced(candidates)
        lost = _lost(nodes.record, chosen.number)
        nodes.appoint(chosen, rejoin=rejoin)
        supervisor.note("promoted", "postgres", chosen.replica, f"in place of {former.replica}")
        at("recorded")
        steps.append(await _raise(chosen, supervisor))
        steps += lost
        at("promoted")
        writing = asyncio.create_task(_first_write(chosen, started), name="first write")
        try:
            steps += await _turn(nodes, former)
            at("turned")
            # The first write may need the former primary: as the standby that it waits for.
            if rejoin:
                steps.append(await _rejoin(nodes, former, supervisor))
                at("rejoined")
        except BaseException:
            writing.cancel()
            raise
    return Promoted(chosen.number, former.number, steps, await writing)


async def promote_stopped(folder: DataFolder, passwords: dict[str, str], number: int | None = None) -> Promoted:
    """The same for a shop that does not run, and may not be able to: all nodes have ended again afterwards.

    Raises:
        LocalError: as `promote`; FolderInUse where the shop runs.
    """
    with folder.hold():
        record = read_record(folder)
        standbys = _standbys_left(folder, record, number)
        supervisor = Supervisor(lambda _row: None)
        nodes = DatabaseNodes(folder, passwords, folder.read_ports(), numbers=[record.primary, *standbys])
        nodes.synchronous = record.synchronous
        try:
            await supervisor.start(nodes.standbys)
            return await promote(nodes, supervisor, number, rejoin=False)
        finally:
            await nodes.close(supervisor)


def _standbys_left(folder: DataFolder, record: Record, number: int | None) -> list[int]:
    """Those of the last run and the one that is named. Raises LocalError where acknowledged writes might be lost."""
    there = [each for each in NODE_NUMBERS if is_standby(folder.postgres_of(each)) and each != record.primary]
    of_run = [each for each in there if each in (record.standbys or ())]
    if number is not None:
        return [each for each in there if each in of_run or each == number]
    gone = [each for each in record.standbys or () if each not in there]
    if record.synchronous and gone and of_run:
        raise LocalError(_silent(", ".join(map(str, gone))))
    if there and not any(each in record.sound for each in of_run):
        why = "; ".join(_lacks(folder, record, each) for each in there)
        raise LocalError(f"{why}. To promote one all the same, and lose that, name it with --node")
    return of_run


def _lacks(folder: DataFolder, record: Record, number: int) -> str:
    if (since := record.behind.get(number)) is not None:
        return f"node {number} lacks what was written since {moment(since)}, orders included: it did not follow then"
    ran = moment(last_ran(folder.postgres_of(number)))
    return f"nobody knows whether node {number} was part of the last run: it may lack all that was written since {ran}"


def _lost(record: Record, number: int) -> list[str]:
    if (since := record.behind.get(number)) is not None:
        return [f"what was written since {moment(since)} and node {number} did not have is lost"]
    if number not in record.sound:
        return [f"node {number} may not have been part of the last run: what was written then may be lost"]
    return []


def _silent(numbers: str) -> str:
    return (
        f"node {numbers} does not answer, and may alone have what was acknowledged last: bring it back, or name "
        "the node to promote with --node"
    )


async def _candidates(nodes: DatabaseNodes, number: int | None) -> Sequence[DatabaseNode]:
    """Who may be chosen, each answering."""
    standbys = nodes.standbys
    if not standbys:
        raise LocalError("there is no standby: start the shop with --read-replicas")
    if number is not None:
        standbys = [node for node in standbys if node.number == number]
        if not standbys:
            have = ", ".join(str(node.number) for node in nodes.standbys)
            raise LocalError(f"node {number} is no standby: they are {have}")
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        answering = [node for node in standbys if await node.replies()]
        if len(answering) == len(standbys):
            return answering
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(LOOK_SECONDS)
    silent = ", ".join(str(node.number) for node in standbys if node not in answering)
    if not answering:
        raise LocalError(f"no standby answers ({silent})")
    if nodes.synchronous:
        raise LocalError(_silent(silent))
    return answering


async def _fence(former: DatabaseNode, supervisor: Supervisor) -> str:
    if not former.pid:
        unclean = (former.folder / "postmaster.pid").exists()
        await asyncio.to_thread(stale.end_processes_in, former.folder)
        return f"nothing of node {former.number} runs any more" if unclean else f"node {former.number} did not run"
    hangs = not former.folder.exists() or not await former.replies()
    former.hangs, former.relieved = hangs, True
    await supervisor.stop([former])
    return f"node {former.number} {'ended at once' if hangs else 'stopped'}"


async def _most_advanced(candidates: Sequence[DatabaseNode]) -> DatabaseNode:
    """Once all have read what they had received: a standby just restarted has to find the end of its log."""
    deadline = time.monotonic() + SETTLE_SECONDS
    before: dict[DatabaseNode, Position] = {}
    while True:
        now = {node: position for node in candidates if (position := await _position(node))}
        if now and (now == before or time.monotonic() > deadline):
            return max(now, key=lambda node: now[node])
        if time.monotonic() > deadline:
            raise StartFailed("no standby answers any more")
        before = now
        await asyncio.sleep(LOOK_SECONDS)


async def _position(node: DatabaseNode) -> Position | None:
    try:
        row = (await node.ask(POSITION))[0]
    except UNANSWERED:
        return None
    return row[0] or 0, int(row[1] or 0)


async def _raise(chosen: DatabaseNode, supervisor: Supervisor) -> str:
    try:
        await chosen.become_primary()
    except StartFailed as error:
        log.warning("promoted by a restart", node=chosen.number, reason=str(error))
        chosen.hangs = True
        await supervisor.restart(chosen)
    return f"node {chosen.number} promoted"


async def _turn(nodes: DatabaseNodes, former: DatabaseNode) -> list[str]:
    steps = []
    for node in nodes.standbys:
        source = nodes.source_of(node)
        if node is former or source is None:
            continue
        try:
            await node.turn_to(source)
            steps.append(f"node {node.number} follows node {nodes.primary.number}")
        except UNANSWERED as error:  # it is tended to later
            steps.append(f"node {node.number} does not answer yet: {str(error) or type(error).__name__}")
    return steps


async def _rejoin(nodes: DatabaseNodes, former: DatabaseNode, supervisor: Supervisor) -> str:
    try:
        await supervisor.restart(former)
    except LocalError as error:
        return f"node {former.number} could not be brought back yet, and is tried again: {error}"
    return f"node {former.number} {former.made_by}, follows node {nodes.primary.number}"


async def _first_write(primary: DatabaseNode, started: float) -> float | None:
    """Seconds since `started` until a write is acknowledged as any other would be."""
    deadline = time.monotonic() + WRITE_SECONDS
    while time.monotonic() < deadline:
        try:
            if await _write(primary):
                return time.monotonic() - started
        except UNANSWERED:
            pass
        await asyncio.sleep(LOOK_SECONDS)
    return None


async def _write(primary: DatabaseNode) -> bool:
    warnings: list[Any] = []
    async with asyncio.timeout(30):
        connection = await asyncpg.connect(primary.postgres.dsn(), timeout=5)
        try:
            connection.add_log_listener(lambda _connection, message: warnings.append(message))
            await connection.execute(WRITE)
        finally:
            connection.terminate()
    return not warnings
