"""Faults injected by tests: through the shop's own socket, on disks that the test mounts."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from markethall.auditing.report import audit
from markethall.local import control
from markethall.local.credentials import DATABASES
from markethall.local.folder import DataFolder
from markethall.local.shop import LocalShop
from tests.support.shop import Shop


async def ask(shop: Shop, command: str, **arguments: Any) -> Any:
    """A command to the running shop (`markethall.local.control`)."""
    return await control.ask(DataFolder(shop.data), command, timeout_seconds=120, **arguments)


async def broken_invariants(shop: Shop) -> list[str]:
    """What the audit has to say; nothing if all is well."""
    local = LocalShop(shop.data)
    findings = await audit({name: local.dsn(name) for name in DATABASES}, live=True)
    return [f"{finding.name}: {'; '.join(finding.rows)}" for finding in findings if finding.broken]


@contextmanager
def small_disk(place: Path, mebibytes: int) -> Iterator[Path]:
    """A file system of its own with so much room, in memory; takes root. Gone at the end, whoever still uses it."""
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=0755", "markethall-test", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


async def until(shop: Shop, seconds: float = 120) -> None:
    """Waits until every part of the shop says that it is well."""
    from markethall.chaos.target import Target

    target = await asyncio.to_thread(Target, shop.data)
    await target.until_well(seconds)
