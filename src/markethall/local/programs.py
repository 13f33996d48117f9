"""Programs that come in wheels: nats-server and caddy."""

import importlib.metadata
import sysconfig
from pathlib import Path

from markethall.local.errors import StartFailed


def program(distribution: str, name: str) -> Path:
    """Where the wheel `distribution` put `name`; never what else of that name is on the PATH."""
    candidates = [Path(sysconfig.get_path("scripts")) / name]
    try:
        files = importlib.metadata.files(distribution) or []
        candidates[:0] = [Path(str(file.locate())) for file in files if file.name == name]
    except importlib.metadata.PackageNotFoundError:
        pass
    for candidate in candidates:
        if candidate.is_file():
            return candidate.resolve()
    raise StartFailed(f"{name} is not installed: the package {distribution} is missing")
