"""`markethall audit`: whether the databases of a shop are as they must be."""

from pathlib import Path

import asyncpg
import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from markethall.auditing.inside import Finding
from markethall.auditing.report import audit as audit_databases
from markethall.cli.connection import DEFAULT_DATA, DataOption, JsonOption
from markethall.cli.exits import Exit, fail, run
from markethall.local.credentials import DATABASES
from markethall.local.errors import LocalError
from markethall.local.shop import LocalShop


def audit(data: DataOption = DEFAULT_DATA, json: JsonOption = False) -> None:
    """Check every invariant of a running or stopped shop. Exit 0, or 1 with what is broken.

    A stopped shop's databases are started for it, and ended again.
    """
    try:
        findings = run(_audit(data), json=json)
    except (LocalError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        fail(f"cannot audit {data}: {error}", Exit.UNREACHABLE, json=json)
    broken = sum(finding.broken for finding in findings)
    if json:
        typer.echo(msgspec.json.encode({"broken": broken, "invariants": findings}))
    else:
        _show(findings)
    if broken:
        raise typer.Exit(Exit.REFUSED)


async def _audit(data: Path) -> list[Finding]:
    shop = LocalShop(data)
    if shop.running:
        return await audit_databases({name: shop.dsn(name) for name in DATABASES}, live=True)
    async with shop.start_postgres_alone() as postgres:
        return await audit_databases({name: postgres.dsn(name) for name in DATABASES}, live=False)


def _show(findings: list[Finding]) -> None:
    console = Console()
    table = Table("", "invariant", Column("counted", justify="right"), Column("broken", justify="right"))
    for finding in findings:
        mark = "[red]✗[/red]" if finding.broken else "[green]✓[/green]"
        table.add_row(
            mark, escape(finding.name), f"{finding.counted:,}", f"{finding.broken:,}" if finding.broken else ""
        )
    console.print(table)
    for finding in findings:
        for row in finding.rows:
            console.print(f"[red]{escape(finding.name)}[/red]: {escape(row)}", soft_wrap=True)
