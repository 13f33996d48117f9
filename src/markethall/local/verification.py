"""Whether a copy of a PostgreSQL data directory is what the server said it is, by the manifest in it.

What pg_verifybackup does; the one in the wheel does not run (its ELF header was damaged when it was packed).
The manifest: https://www.postgresql.org/docs/18/backup-manifest-format.html
"""

import asyncio
import contextlib
import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from markethall.local.errors import LocalError
from markethall.local.postgres_files import installed

PROGRAM_SECONDS = 6 * 3600.0
"""For the largest shop on the slowest disk; then it is given up."""
CHECKSUMS = "SHA256"
_MANIFEST = "backup_manifest"
_BESIDE = {_MANIFEST, "recovery.signal", "standby.signal", "postgresql.auto.conf"}


class BackupFailed(LocalError):
    """The copy could not be made, or is not what the server said it is."""


class _File(msgspec.Struct, frozen=True, rename="pascal"):
    path: str = ""
    size: int = 0
    checksum: str = ""


class _Range(msgspec.Struct, frozen=True):
    timeline: int = msgspec.field(name="Timeline")
    start: str = msgspec.field(name="Start-LSN")
    end: str = msgspec.field(name="End-LSN")


class _Manifest(msgspec.Struct, frozen=True):
    files: list[_File] = msgspec.field(name="Files")
    ranges: list[_Range] = msgspec.field(name="WAL-Ranges")
    checksum: str = msgspec.field(name="Manifest-Checksum")


async def verify(postgres: Path) -> None:
    """Every file by its checksum, and the log that makes them one moment. Raises BackupFailed."""
    manifest = await asyncio.to_thread(_verify_files, postgres)
    for part in manifest.ranges:
        await run_program(
            "pg_waldump",
            "--quiet",
            f"--path={postgres / 'pg_wal'}",
            f"--timeline={part.timeline}",
            f"--start={part.start}",
            f"--end={part.end}",
        )


async def run_program(name: str, *args: str, env: Mapping[str, str] | None = None) -> None:
    """One of PostgreSQL's programs, as ourselves. Raises BackupFailed with its last words."""
    process = await asyncio.create_subprocess_exec(
        str(installed() / "bin" / name),
        *args,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", **(env or {})},
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), PROGRAM_SECONDS)
    except TimeoutError:
        raise BackupFailed(f"{name} was not done within {PROGRAM_SECONDS / 3600:.0f} h") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    if process.returncode != 0:
        raise BackupFailed(f"{name}: {' '.join(output.decode(errors='replace').split())[-500:]}")


def _verify_files(postgres: Path) -> _Manifest:
    manifest = _read(postgres / _MANIFEST)
    for file in manifest.files:
        path = postgres / file.path
        if not path.is_file():
            raise BackupFailed(f"{path} is missing")
        if path.stat().st_size != file.size:
            raise BackupFailed(f"{path} has {path.stat().st_size} bytes instead of {file.size}")
        with path.open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != file.checksum:
                raise BackupFailed(f"{path} is damaged: its checksum is another")
    listed = {file.path for file in manifest.files}
    for name in _names(postgres):
        if name not in listed and name not in _BESIDE and not name.startswith("pg_wal/"):
            raise BackupFailed(f"{postgres / name} does not belong to the backup")
    return manifest


def _read(path: Path) -> _Manifest:
    text = path.read_bytes()
    try:
        manifest = msgspec.json.decode(text, type=_Manifest)
    except msgspec.DecodeError as error:
        raise BackupFailed(f"{path} cannot be read: {error}") from error
    # The checksum covers all lines before its own.
    if hashlib.sha256(text[: text.rindex(b'"Manifest-Checksum"')]).hexdigest() != manifest.checksum:
        raise BackupFailed(f"{path} is damaged: its checksum is another")
    return manifest


def _names(folder: Path) -> Iterator[str]:
    for parent, _, files in os.walk(folder):
        for name in files:
            yield os.path.relpath(os.path.join(parent, name), folder)
