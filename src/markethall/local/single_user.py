"""A stopped shop's databases, spoken to without a password and without a network: PostgreSQL's single-user mode."""

import asyncio
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from markethall.local import stale
from markethall.local.credentials import SUPERUSER
from markethall.local.errors import StartFailed
from markethall.local.postgres import data_directory, environment
from markethall.local.postgres_files import account_for, installed, runnable_by
from markethall.local.process import as_account

SECONDS = 300.0
"""A server that was killed recovers first."""


async def set_passwords(postgres: Path, passwords: Mapping[str, str]) -> None:
    """`passwords` by role; roles that are not there are left out. Raises StartFailed."""
    # A role's password is no parameter in SQL; ours are hexadecimal digits.
    assert all(password.isalnum() and role.isalnum() for role, password in passwords.items())
    statements = [
        f"DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "
        f"THEN ALTER ROLE {role} PASSWORD '{password}'; END IF; END $$"
        for role, password in passwords.items()
    ]
    await execute(postgres, SUPERUSER, statements)


async def execute(postgres: Path, database: str, statements: Sequence[str]) -> None:
    """To be called by whoever holds the shop's lock. Raises StartFailed; what came before the failure is kept."""
    await asyncio.to_thread(_execute, postgres, database, statements)


def _execute(postgres: Path, database: str, statements: Sequence[str]) -> None:
    account = account_for(postgres)
    programs = runnable_by(account, installed()) / "bin"
    stale.end_processes_in(postgres)
    try:
        done = subprocess.run(
            [
                str(programs / "postgres"),
                "--single",
                "-D",
                data_directory(postgres, account),
                "-c",
                "exit_on_error=on",
                "-c",
                "log_min_error_statement=panic",  # a failed statement may hold a password
                database,
            ],
            input="".join(f"{' '.join(statement.split())}\n" for statement in statements),
            capture_output=True,
            text=True,
            cwd=postgres,
            env=environment(),
            timeout=SECONDS,
            check=False,
            **as_account(account),
        )
    except subprocess.TimeoutExpired:
        raise StartFailed(f"PostgreSQL in {postgres} was not done within {SECONDS:.0f} s") from None
    failures = [line for line in done.stderr.splitlines() if any(f"{level}:" in line for level in _FAILURES)]
    if done.returncode != 0 or failures:
        reason = " ".join(failures) or f"exit code {done.returncode}"
        raise StartFailed(f"PostgreSQL in {postgres} refuses: {reason[-500:]}")


_FAILURES = ("ERROR", "FATAL", "PANIC")
