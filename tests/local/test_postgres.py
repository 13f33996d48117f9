"""The embedded PostgreSQL server: who may do what in it, and what it survives."""

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from markethall.local import stale
from markethall.local.credentials import DATABASES, Credentials
from markethall.local.databases import prepare_databases
from markethall.local.errors import StartFailed
from markethall.local.postgres import EmbeddedPostgres
from markethall.local.postgres_files import account_for
from markethall.local.process import as_account
from tests.local.ordinary import IS_ROOT
from tests.support.machine import Machine, eventually


@pytest.fixture
async def server(tmp_path: Path, credentials: Credentials) -> AsyncIterator[EmbeddedPostgres]:
    """A server that the test may mistreat."""
    (tmp_path / "logs").mkdir()
    server = EmbeddedPostgres(tmp_path / "postgres", credentials.database, tmp_path / "logs")
    await server.start()
    yield server
    await server.stop()


async def ask(dsn: str, question: str) -> object:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def note(server: EmbeddedPostgres, number: int) -> None:
    await ask(server.dsn(), "CREATE TABLE IF NOT EXISTS notes (number integer)")
    await ask(server.dsn(), f"INSERT INTO notes VALUES ({number})")


async def notes(server: EmbeddedPostgres) -> object:
    return await ask(server.dsn(), "SELECT array_agg(number ORDER BY number) FROM notes")


@pytest.mark.parametrize("role", DATABASES)
async def test_a_role_reaches_its_own_database_only(machine: Machine, role: str) -> None:
    assert await ask(machine.postgres.dsn(role, role), "SELECT current_user::text") == role
    for other in ({*DATABASES, "postgres", "template1"}) - {role}:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await ask(machine.postgres.dsn(other, role), "SELECT 1")


@pytest.mark.parametrize("role", DATABASES)
async def test_a_role_has_no_power_over_the_server(machine: Machine, role: str) -> None:
    dsn = machine.postgres.dsn(role, role)
    for forbidden in (
        "CREATE DATABASE mine",
        "CREATE ROLE friend",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('postgresql.conf')",
        "SET ROLE postgres",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await ask(dsn, forbidden)


async def test_nobody_enters_without_the_password(machine: Machine) -> None:
    for user in ("postgres", "catalog"):
        password = machine.credentials.database[user]
        for wrong in ("", "wrong", password.upper()):
            dsn = machine.postgres.dsn("catalog", user).replace(password, wrong)
            with pytest.raises((asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError)):
                await asyncpg.connect(dsn, timeout=10)


async def test_durability_is_postgresqls_own_default(machine: Machine) -> None:
    for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
        assert await ask(machine.postgres.dsn(), f"SHOW {setting}") == "on"


async def test_it_listens_on_loopback_only(machine: Machine) -> None:
    listening = {c.laddr.ip for c in psutil.Process(machine.postgres.pid).net_connections() if c.status == "LISTEN"}
    assert listening == {"127.0.0.1"}


async def test_preparing_the_databases_again_changes_nothing(machine: Machine) -> None:
    await prepare_databases(machine.postgres, machine.credentials.database)
    assert await ask(machine.postgres.dsn("orders", "orders"), "SELECT 1") == 1


async def test_what_was_committed_survives_kill_9(server: EmbeddedPostgres) -> None:
    await note(server, 1)
    os.kill(server.pid, signal.SIGKILL)
    assert await server.wait() == -signal.SIGKILL
    await server.stop()
    await server.start()
    assert await notes(server) == [1]


async def test_a_server_left_by_a_killed_supervisor_is_ended_first(
    server: EmbeddedPostgres, tmp_path: Path, credentials: Credentials
) -> None:
    await note(server, 1)
    left = psutil.Process(server.pid)
    successor = EmbeddedPostgres(tmp_path / "postgres", credentials.database, tmp_path / "logs", port=server.port)
    await successor.start()
    try:
        await eventually(lambda: not left.is_running() or left.status() == psutil.STATUS_ZOMBIE)
        assert await notes(successor) == [1]
    finally:
        await successor.stop()


async def test_a_backend_that_outlives_its_postmaster_is_no_obstacle(server: EmbeddedPostgres) -> None:
    """The postmaster is killed while a backend is stopped and cannot notice."""
    connection = await asyncpg.connect(server.dsn(), timeout=10)
    backend = psutil.Process(await connection.fetchval("SELECT pg_backend_pid()"))
    backend.suspend()
    os.kill(server.pid, signal.SIGKILL)
    await server.wait()
    await server.stop()
    connection.terminate()
    await server.start()
    assert not backend.is_running()
    await note(server, 1)
    assert await notes(server) == [1]


@pytest.fixture
def bystander(server: EmbeddedPostgres, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another program of the account that PostgreSQL runs as."""
    account = as_account(account_for(tmp_path / "postgres"))
    with subprocess.Popen(["sleep", "300"], cwd="/", **account) as process:
        yield process
        process.kill()


async def test_the_number_of_another_program_in_the_pid_file_is_no_obstacle(
    server: EmbeddedPostgres, bystander: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Usual in containers: after a crash, numbers begin anew."""
    pid_file = tmp_path / "postgres" / "postmaster.pid"
    crashed = pid_file.read_text().split("\n")
    await server.stop()
    pid_file.write_text("\n".join([str(bystander.pid), *crashed[1:]]))
    with monkeypatch.context() as unguarded:
        unguarded.setattr(stale, "end_processes_in", lambda data: None)
        with pytest.raises(StartFailed, match=r"postmaster\.pid"):
            await server.start()
    await server.start()
    assert await ask(server.dsn(), "SELECT 1") == 1
    assert bystander.poll() is None


async def test_a_torn_pid_file_is_no_obstacle(server: EmbeddedPostgres, tmp_path: Path) -> None:
    await server.stop()
    (tmp_path / "postgres" / "postmaster.pid").touch()
    await server.start()
    assert await ask(server.dsn(), "SELECT 1") == 1


async def test_a_port_taken_in_the_meantime_is_replaced(server: EmbeddedPostgres) -> None:
    await server.stop()
    with socket.create_server(("127.0.0.1", server.port)) as taken:
        await server.start()
        assert server.port != taken.getsockname()[1]
        assert await ask(server.dsn(), "SELECT 1") == 1


async def test_the_port_is_kept_where_it_is_free(server: EmbeddedPostgres) -> None:
    before = server.port
    await server.stop()
    await server.start()
    assert server.port == before


async def test_a_start_cut_short_leaves_no_half_made_folder(tmp_path: Path, credentials: Credentials) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "postgres.unfinished").mkdir()
    (tmp_path / "postgres.unfinished" / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(tmp_path / "postgres", credentials.database, tmp_path / "logs")
    await server.start()
    try:
        assert await ask(server.dsn(), "SELECT 1") == 1
    finally:
        await server.stop()
    assert not (tmp_path / "postgres.unfinished").exists()


async def test_it_never_runs_as_root_nor_needs_open_parents(server: EmbeddedPostgres, tmp_path: Path) -> None:
    uid = psutil.Process(server.pid).uids().real
    assert uid != 0
    assert uid == (tmp_path / "postgres").stat().st_uid
    # The parents of pytest's folders are closed to others.
    assert any(parent.stat().st_mode & 0o077 == 0 for parent in (tmp_path, *tmp_path.parents))
    assert (uid == os.geteuid()) is not IS_ROOT


async def test_stopping_leaves_no_process(server: EmbeddedPostgres, tmp_path: Path) -> None:
    family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    await server.stop()
    _, left = psutil.wait_procs(family, timeout=5)
    assert not left
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()


async def test_a_start_that_is_broken_off_during_initdb_leaves_nobody_at_work(
    tmp_path: Path, credentials: Credentials
) -> None:
    """Whoever removes the folder then is not written to behind his back."""
    (tmp_path / "logs").mkdir()
    server = EmbeddedPostgres(tmp_path / "postgres", credentials.database, tmp_path / "logs")
    starting = asyncio.create_task(server.start())
    unfinished = tmp_path / "postgres.unfinished"
    await eventually(lambda: (unfinished / "PG_VERSION").exists())
    starting.cancel()
    await asyncio.wait([starting])
    assert starting.cancelled()
    assert [process for process in psutil.process_iter() if works_in(process, unfinished)] == []
    assert not (tmp_path / "postgres").exists()


def works_in(process: psutil.Process, folder: Path) -> bool:
    """One that is ending has closed its files, and writes no more, a moment before it is gone."""
    try:
        return process.num_fds() > 0 and os.path.samefile(process.cwd(), folder)
    except (psutil.Error, OSError):
        return False
