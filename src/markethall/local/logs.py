"""One log per process: JSON lines, bounded by rotation.

What a process writes as JSON objects is kept as it is. Anything else (PostgreSQL, NATS, a
traceback) is wrapped: `{"time", "service", "replica", "level", "message"}`.
"""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec

MAX_BYTES = 8 << 20
KEPT_FILES = 3
MAX_LINE_BYTES = 64 << 10

# PostgreSQL with our log_line_prefix, then nats-server.
_POSTGRES = re.compile(r"^(?P<time>\S+ \S+) UTC \[\d+\] (?P<level>[A-Z]+\d?):  (?P<message>.*)$")
_NATS = re.compile(r"^\[\d+\] (?P<time>\S+ \S+) \[(?P<level>[A-Z]{3})\] ?(?P<message>.*)$")
_LEVELS = {
    "DBG": "debug",
    "TRC": "debug",
    "INF": "info",
    "LOG": "info",
    "WRN": "warning",
    "ERR": "error",
    "FTL": "critical",
    "FATAL": "critical",
    "PANIC": "critical",
}


class JsonLog:
    """Appends to `<folder>/<service>-<replica>.jsonl`; older text is in `….jsonl.1` and so on."""

    def __init__(self, folder: Path, service: str, replica: str, max_bytes: int = MAX_BYTES) -> None:
        self.path = folder / f"{service}-{replica}.jsonl"
        self._service = service
        self._replica = replica
        self._max_bytes = max_bytes
        self._rest = b""
        self._file = self.path.open("ab")
        self._size = self._file.tell()

    def feed(self, data: bytes) -> None:
        """Takes output as it comes, in pieces that need not end where lines end."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MAX_LINE_BYTES:
            lines.append(self._rest)
            self._rest = b""
        if lines:
            self._write(b"".join(self._record(line) for line in lines if line.strip()))

    def close(self) -> None:
        if self._rest:
            self.feed(b"\n")
        self._file.close()

    def last_words(self, lines: int = 3) -> str:
        """The messages of the last records, for an error message."""
        records = self.path.read_bytes().splitlines()[-lines:]
        decoded = (msgspec.json.decode(record, type=dict[str, object]) for record in records)
        return "; ".join(str(record.get("message") or record.get("event") or "") for record in decoded)

    def _record(self, line: bytes) -> bytes:
        if line.startswith(b"{"):
            try:
                msgspec.json.decode(line, type=dict[str, msgspec.Raw])
            except msgspec.DecodeError:
                pass
            else:
                return line + b"\n"
        text = line[:MAX_LINE_BYTES].decode("utf-8", "replace").rstrip()
        match = _POSTGRES.match(text) or _NATS.match(text)
        level = match["level"] if match else "INFO"
        record = {
            "time": datetime.now(UTC).isoformat(),
            "service": self._service,
            "replica": self._replica,
            "level": _LEVELS.get(level, level.lower()),
            "message": match["message"] if match else text,
        }
        return msgspec.json.encode(record) + b"\n"

    def _write(self, records: bytes) -> None:
        if self._size + len(records) > self._max_bytes:
            self._rotate()
        try:
            self._file.write(records)
            self._file.flush()
        except OSError:
            # A full disk must not stop the process whose output this is.
            return
        self._size += len(records)

    def _rotate(self) -> None:
        self._file.close()
        for number in range(KEPT_FILES - 1, 0, -1):
            older = self.path.with_name(f"{self.path.name}.{number}")
            newer = self.path.with_name(f"{self.path.name}.{number - 1}") if number > 1 else self.path
            if newer.exists():
                os.replace(newer, older)
        self._file = self.path.open("ab")
        self._size = 0
