"""Accounts as a process of its own: what it logs, and how it ends."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp

from markethall.kit.settings import Settings
from markethall.local.ports import free_port
from tests.accounts.client import PASSWORD, Client
from tests.accounts.conftest import ADMIN
from tests.support.machine import eventually


@asynccontextmanager
async def process(settings: Settings, output: Path) -> AsyncIterator[Client]:
    """`markethall serve accounts`, ready; ended with SIGTERM."""
    port = free_port()
    environment = {
        **os.environ,
        "MARKETHALL_PORT": str(port),
        "MARKETHALL_DATABASE_URL": settings.database_url,
        "MARKETHALL_BUS_URL": settings.bus_url,
        "MARKETHALL_ADMIN_EMAIL": ADMIN.email,
        "MARKETHALL_ADMIN_PASSWORD": ADMIN.password,
        "MARKETHALL_LOG_LEVEL": "debug",
    }
    with output.open("wb") as log:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from markethall.kit.app import serve; from markethall.kit.settings import Settings; "
            "serve('accounts', Settings())",
            env=environment,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
        )
    try:
        async with aiohttp.ClientSession() as session:
            client = Client(f"http://127.0.0.1:{port}", session)
            await eventually(lambda: ready(client, child, output), seconds=60)
            yield client
        child.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(child.wait(), 30) in (0, -signal.SIGTERM), last_words(output)
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


async def ready(client: Client, child: asyncio.subprocess.Process, output: Path) -> bool:
    assert child.returncode is None, last_words(output)
    try:
        return (await client.call("GET", "/health/ready")).status == 200
    except (aiohttp.ClientError, AssertionError):
        return False


def last_words(output: Path) -> str:
    return output.read_text()[-3000:]


async def test_no_secret_stands_in_a_log(settings: Settings, tmp_path: Path) -> None:
    output = tmp_path / "output"
    new_password = "a new and secret password"
    async with process(settings, output) as client:
        person = await client.newcomer()
        await client.try_sign_in(person.email, "a wrong but telling password")
        await client.call("POST", "/api/users", {"email": person.email, "name": "B", "password": PASSWORD})
        await client.call(
            "PATCH",
            "/api/users/me",
            {"password": new_password, "current_password": PASSWORD, "email": ADMIN.email},
            token=person.access,
        )
        await client.call("PATCH", "/api/users/me", raw=b'{"password": 5, "x": "' + PASSWORD.encode() + b'"}')
        await client.refresh(person.refresh)
        assert (await client.refresh(person.refresh)).code == "refresh_reused"
    log = output.read_text()
    assert "refresh token reused" in log
    for secret in (
        PASSWORD,
        new_password,
        "telling",
        ADMIN.password,
        "$argon2",
        person.access.rpartition(".")[2],
        person.refresh,
    ):
        assert secret not in log
