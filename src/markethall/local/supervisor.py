"""Keeps the shop's processes running: starts them in order of readiness, restarts what dies, ends all."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import Context
from dataclasses import dataclass, replace

from markethall.local.health import Rounds
from markethall.local.process import more_environment
from markethall.local.unit import Unit

FIRST_BACKOFF_SECONDS = 0.1
MAX_BACKOFF_SECONDS = 10.0
CALM_SECONDS = 10.0
"""A unit that ran this long is taken for healthy: the next restart waits as little as the first."""

GONE = "gone"
"""The last state of a unit that is no longer part of the shop."""


@dataclass(frozen=True)
class Row:
    """One unit as people see it. `since` is a time of the monotonic clock; `detail` is why it last ended, too."""

    service: str
    replica: str
    state: str = "waiting"
    pid: int = 0
    url: str = ""
    restarts: int = 0
    detail: str = ""
    since: float = 0.0


Watcher = Callable[[Row], None]
Changed = Callable[[Row | None, Row], None]
"""Is told how a unit was shown before, and how now."""
Note = Callable[[str, str, str, str], None]
"""Is told of what is no change of a unit: kind, service, replica, detail."""


class Supervisor:
    """Runs units in stages. `watch` is told of each change of a unit; it must not raise or block."""

    def __init__(self, watch: Watcher) -> None:
        self.rows: dict[Unit, Row] = {}
        self.changed: Changed = lambda _before, _row: None
        self.note: Note = lambda *_: None
        self._watch = watch
        self._keepers: dict[Unit, asyncio.Task[None]] = {}
        self._causes: dict[Unit, str] = {}
        self._rounds = Rounds(self._up, self._wedged)

    async def look_after(self) -> None:
        """Ends what lives and does not answer, until it is cancelled; it is started again as if it had died."""
        await self._rounds.run()

    def health(self, unit: Unit) -> str:
        """In words; empty for what is not up."""
        health = self._rounds.seen.get(unit)
        return str(health) if health and health.pid == self.rows[unit].pid else ""

    def announce(self, units: Sequence[Unit]) -> None:
        """Units that will be started later, so that they are seen waiting."""
        for unit in units:
            self._show(unit, since=time.monotonic())

    async def start(self, units: Sequence[Unit]) -> None:
        """Starts them at the same time; returns when all are ready. Raises the first failure's LocalError."""
        async with together() as group:
            for unit in units:
                group.create_task(self._start(unit))
        for unit in units:
            self._watch_over(unit)

    async def restart(self, unit: Unit, settings: Mapping[str, str] | None = None) -> None:
        """Ends it with its grace and starts it again; returns when it is ready.

        `settings` are environment variables for this one start. Raises StartFailed; the unit is tried again
        by itself, without them.
        """
        await self.stop([unit])
        try:
            with more_environment(settings or {}):
                await self._start(unit)
        except Exception as error:
            self._show(unit, state="down", pid=0, detail=str(error), restarts=self.rows[unit].restarts + 1)
            self._watch_over(unit, runs=False)
            raise
        self._show(unit, restarts=self.rows[unit].restarts + 1)
        self._watch_over(unit)

    async def replace(self, unit: Unit, successor: Unit) -> None:
        """Ends it with its grace when the successor is ready, so that one of them serves all the time.

        Raises StartFailed; then the unit stays.
        """
        try:
            await self._start(successor)
        except BaseException:
            await self.remove([successor])
            raise
        self._show(successor, restarts=self.rows[unit].restarts + 1)
        self._watch_over(successor)
        await self.remove([unit])

    async def remove(self, units: Sequence[Unit]) -> None:
        """Ends them, and they are seen no more."""
        await self.stop(units)
        for unit in units:
            self._show(unit, state=GONE)
            del self.rows[unit]

    async def stop(self, units: Sequence[Unit]) -> None:
        """Ends them at the same time, each with its own grace; they are not restarted."""
        keepers = [keeper for unit in units if (keeper := self._keepers.pop(unit, None))]
        for keeper in keepers:
            keeper.cancel()
        # A unit that was just being restarted is stopped by its own start when that is cancelled.
        await asyncio.gather(*keepers, return_exceptions=True)
        await asyncio.gather(*(self._stop(unit) for unit in units if unit in self.rows))

    def give_up(self) -> None:
        """Ends everything at once and restarts nothing; `stop` still has to be called."""
        for keeper in self._keepers.values():
            keeper.cancel()
        for unit in self.rows:
            unit.kill()

    async def _start(self, unit: Unit, detail: str = "") -> None:
        self._show(unit, state="starting", detail=detail)
        await unit.start()
        self._show(unit, state="up", pid=unit.pid, url=unit.url)

    def _watch_over(self, unit: Unit, *, runs: bool = True) -> None:
        name = f"keep {unit.service} {unit.replica}"
        # A context of its own: variables of the start that is under way are not for the next one.
        self._keepers[unit] = asyncio.create_task(self._keep(unit, runs), name=name, context=Context())

    async def _keep(self, unit: Unit, runs: bool) -> None:
        pauses, cause = _backoff(), ""
        while True:
            started = time.monotonic()
            if runs:
                code = await unit.wait()
                await unit.stop()
                if time.monotonic() - started > CALM_SECONDS:
                    pauses = _backoff()
                cause = self._causes.pop(unit, _cause(code))
                self._show(unit, state="down", pid=0, detail=cause)
            while True:
                await asyncio.sleep(next(pauses))
                try:
                    await self._start(unit, cause)
                    self._show(unit, restarts=self.rows[unit].restarts + 1)
                    runs = True
                    break
                except Exception as error:  # whatever it is: the next attempt may succeed
                    self._show(unit, state="down", pid=0, detail=str(error))

    async def _stop(self, unit: Unit) -> None:
        if self.rows[unit].pid:
            self._show(unit, state="stopping")
        await unit.stop()
        self._show(unit, state="stopped", pid=0)

    def _up(self) -> list[Unit]:
        return [unit for unit, row in self.rows.items() if row.state == "up"]

    def _wedged(self, unit: Unit, reason: str) -> None:
        self._causes[unit] = reason
        self._show(unit, detail=reason)

    def _show(self, unit: Unit, **changes: object) -> None:
        before = self.rows.get(unit)
        row = before or Row(unit.service, unit.replica)
        if changes.get("state", row.state) != row.state:
            changes["since"] = time.monotonic()
        self.rows[unit] = row = replace(row, **changes)  # type: ignore[arg-type]
        self.changed(before, row)
        self._watch(row)


def _backoff() -> Iterator[float]:
    pause = FIRST_BACKOFF_SECONDS
    while True:
        yield pause
        pause = min(pause * 2, MAX_BACKOFF_SECONDS)


def _cause(code: int) -> str:
    return f"ended by signal {-code}" if code < 0 else f"ended with code {code}"


@asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group that raises the first failure itself: several may fail for one cause, one line tells enough."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as failures:
        error: BaseException = failures
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None
