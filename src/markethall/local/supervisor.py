"""Keeps the shop's processes running: starts them in order of readiness, restarts what dies, ends all."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from markethall.local.unit import Unit

FIRST_BACKOFF_SECONDS = 0.1
MAX_BACKOFF_SECONDS = 10.0
CALM_SECONDS = 10.0
"""A unit that ran this long is taken for healthy: the next restart waits as little as the first."""


@dataclass(frozen=True)
class Row:
    """One unit as people see it. `since` is a time of the monotonic clock."""

    service: str
    replica: str
    state: str = "waiting"
    pid: int = 0
    url: str = ""
    restarts: int = 0
    detail: str = ""
    since: float = 0.0


Watcher = Callable[[Row], None]


class Supervisor:
    """Runs units in stages. `watch` is told of each change of a unit; it must not raise or block."""

    def __init__(self, watch: Watcher) -> None:
        self.rows: dict[Unit, Row] = {}
        self._watch = watch
        self._keepers: dict[Unit, asyncio.Task[None]] = {}

    def announce(self, units: Sequence[Unit]) -> None:
        """Units that will be started later, so that they are seen waiting."""
        for unit in units:
            self._show(unit, since=time.monotonic())

    async def start(self, units: Sequence[Unit]) -> None:
        """Starts them at the same time; returns when all are ready. Raises the first failure's LocalError."""
        try:
            async with asyncio.TaskGroup() as group:
                for unit in units:
                    group.create_task(self._start(unit))
        except BaseExceptionGroup as failures:
            raise _first_failure(failures) from None
        for unit in units:
            self._keepers[unit] = asyncio.create_task(self._keep(unit), name=f"keep {unit.service} {unit.replica}")

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

    async def _start(self, unit: Unit) -> None:
        self._show(unit, state="starting", detail="")
        await unit.start()
        self._show(unit, state="up", pid=unit.pid, url=unit.url)

    async def _keep(self, unit: Unit) -> None:
        pauses = _backoff()
        while True:
            started = time.monotonic()
            code = await unit.wait()
            await unit.stop()
            if time.monotonic() - started > CALM_SECONDS:
                pauses = _backoff()
            self._show(unit, state="down", pid=0, detail=_cause(code))
            while True:
                await asyncio.sleep(next(pauses))
                try:
                    await self._start(unit)
                    self._show(unit, restarts=self.rows[unit].restarts + 1)
                    break
                except Exception as error:  # whatever it is: the next attempt may succeed
                    self._show(unit, state="down", pid=0, detail=str(error))

    async def _stop(self, unit: Unit) -> None:
        if self.rows[unit].pid:
            self._show(unit, state="stopping")
        await unit.stop()
        self._show(unit, state="stopped", pid=0)

    def _show(self, unit: Unit, **changes: object) -> None:
        row = self.rows.get(unit, Row(unit.service, unit.replica))
        if changes.get("state", row.state) != row.state:
            changes["since"] = time.monotonic()
        self.rows[unit] = row = replace(row, **changes)  # type: ignore[arg-type]
        self._watch(row)


def _backoff() -> Iterator[float]:
    pause = FIRST_BACKOFF_SECONDS
    while True:
        yield pause
        pause = min(pause * 2, MAX_BACKOFF_SECONDS)


def _cause(code: int) -> str:
    return f"ended by signal {-code}" if code < 0 else f"ended with code {code}"


def _first_failure(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Several may fail together, most of them for the same cause; one line tells enough."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
