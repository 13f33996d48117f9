"""Makes `.venv` in the checkout as `uv.lock` says. Needs Python 3.11 and its standard library, nothing else.

Two that run at once do no harm: the second waits for the first. An interrupted one is done again,
because the stamp is written last. `development` adds what the tests need to what the shop needs.
The storefront is built while the package is installed into it, and again when its sources have changed.
"""

import fcntl
import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

UV = "uv==0.13.8"
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "markethall-environment"


def main(wanted: str) -> None:
    if _is_ready(wanted):
        return
    lock = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    if _is_ready(wanted):
        return
    print("markethall: preparing .venv, once", file=sys.stderr, flush=True)  # noqa: T201
    # What the tests need is not taken away again by `scripts/up`.
    kept = "development" if _stamped()[1:] == ["development"] else wanted
    STAMP.unlink(missing_ok=True)
    if not _runs_here():
        _make_venv()
    python = str(VENV / "bin" / "python")
    # Installing it again builds the storefront (hatch_build.py); uv itself looks at pyproject.toml only.
    anew = [] if _has_storefront() else ["--reinstall-package", "markethall"]
    _run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV])
    groups = [] if kept == "development" else ["--no-dev"]
    _run([python, "-m", "uv", "sync", "--quiet", "--frozen", "--compile-bytecode", *anew, *groups])
    STAMP.write_text(f"{_fingerprint()} {kept}\n")


def _is_ready(wanted: str) -> bool:
    fingerprint, *made = _stamped() or [""]
    return fingerprint == _fingerprint() and made in ([wanted], ["development"]) and _has_storefront()


def _stamped() -> list[str]:
    return STAMP.read_text().split() if STAMP.is_file() else []


def _fingerprint() -> str:
    """The place counts: the programs in a virtual environment name it."""
    parts = (str(VENV).encode(), (ROOT / "uv.lock").read_bytes(), (ROOT / "pyproject.toml").read_bytes())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _has_storefront() -> bool:
    """Whether the storefront was built from its sources as they are."""
    spec = importlib.util.spec_from_file_location("make", ROOT / "storefront" / "make.py")
    assert spec is not None
    assert spec.loader is not None
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    return bool(make.is_current())


def _runs_here() -> bool:
    """Whether there is a virtual environment that was made in this place and whose Python still starts."""
    try:
        found = subprocess.run(
            [VENV / "bin" / "python", "-c", "import pip, sys; print(sys.prefix)"],
            capture_output=True,
            text=True,
            timeout=60,
        )
    except OSError:
        return False
    return found.returncode == 0 and Path(found.stdout.strip()) == VENV and _names_this_place()


def _names_this_place() -> bool:
    activate = VENV / "bin" / "activate"
    return activate.is_file() and str(VENV) in activate.read_text()


def _make_venv() -> None:
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], capture_output=True, text=True)
    if made.returncode != 0:
        sys.exit(f"markethall: {sys.executable} cannot make a virtual environment:\n{made.stdout}{made.stderr}")


def _run(command: list[str]) -> None:
    environment = os.environ | {"UV_PYTHON_DOWNLOADS": "never", "UV_PROJECT_ENVIRONMENT": str(VENV)}
    environment.pop("VIRTUAL_ENV", None)
    if subprocess.run(command, cwd=ROOT, env=environment).returncode != 0:
        sys.exit(f"markethall: failed: {' '.join(command)}")


if __name__ == "__main__":
    if sys.argv[1:] not in (["shop"], ["development"]):
        sys.exit("usage: scripts/environment shop|development")
    main(sys.argv[1])
