"""What runs, for people: a live table on a terminal, a line per change elsewhere."""

import contextlib
import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from markethall.local.supervisor import GONE, Row

REFRESHES_PER_SECOND = 2
_COLOURS = {"up": "green", "down": "red", "starting": "yellow", "stopping": "yellow"}


class Display(Protocol):
    """Shows the shop's processes."""

    def changed(self, row: Row) -> None: ...

    def say(self, text: str) -> None: ...


class Lines:
    """A line per change, for logs and pipes."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def changed(self, row: Row) -> None:
        if row.state == "waiting":
            return
        where = f" pid {row.pid} {row.url}" if row.pid and row.state == "up" else ""
        self.say(f"{row.service} {row.replica} {row.state}{where}{f': {row.detail}' if row.detail else ''}")

    def say(self, text: str) -> None:
        # Nobody may be reading any more; the shop goes on.
        with contextlib.suppress(OSError):
            self._write(text)


class LiveTable:
    """A table that stays in its place and is drawn anew twice a second; what is said stands above it."""

    def __init__(self, console: Console) -> None:
        self._rows: dict[tuple[str, str], Row] = {}
        self._live = Live(console=console, get_renderable=self._draw, refresh_per_second=REFRESHES_PER_SECOND)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def changed(self, row: Row) -> None:
        if row.state == GONE:
            self._rows.pop((row.service, row.replica), None)
        else:
            self._rows[row.service, row.replica] = row

    def say(self, text: str) -> None:
        self._live.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def _draw(self) -> Table:
        table = Table("part", "replica", "state", "pid", "address", "since", "restarts", "", box=None, pad_edge=False)
        for row in list(self._rows.values()):
            table.add_row(
                row.service,
                row.replica,
                f"[{_COLOURS.get(row.state, 'dim')}]{row.state}[/]",
                str(row.pid or ""),
                row.url if row.pid else "",
                duration(time.monotonic() - row.since),
                str(row.restarts or ""),
                row.detail.replace("[", r"\["),
            )
        return table


def duration(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
