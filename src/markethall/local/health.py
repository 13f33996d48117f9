"""Looks regularly whether each part answers: one that lives and does not is ended, so that it is started again."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from markethall.local.unit import Unit

LOOK_SECONDS = 2.0
ANSWER_SECONDS = 3.0
WEDGED_SECONDS = 10.0
"""Without an answer for this long a part is taken for wedged. A loaded machine answers late, not never."""
MIN_SILENCES = 3
"""And not before it was asked this often: if we stood still ourselves, time alone says nothing."""
MOST = 0.5
"""More than this share silent at once, and at least `SEVERAL`: this machine is too slow, or we are. To end all of them
would make it worse."""
SEVERAL = 3
LAST_WORDS_SECONDS = 3.0
"""For a part that was told to end at once, before the kernel ends it."""


@dataclass(frozen=True)
class Health:
    """What the last looks at one process have shown."""

    pid: int
    silences: int = 0
    silent_since: float = 0.0

    def __str__(self) -> str:
        return f"no answer for {time.monotonic() - self.silent_since:.0f} s" if self.silences else "answers"


class Rounds:
    """Asks every unit that is up. `wedged` is told which one is ended, and why, just before."""

    def __init__(self, up: Callable[[], list[Unit]], wedged: Callable[[Unit, str], None]) -> None:
        self._up = up
        self._wedged = wedged
        self._seen: dict[Unit, Health] = {}

    @property
    def seen(self) -> Mapping[Unit, Health]:
        return self._seen

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self.once()
            await asyncio.sleep(LOOK_SECONDS)

    async def once(self) -> None:
        """Asks each once, and ends those that are wedged."""
        units = self._up()
        self._seen = {unit: health for unit, health in self._seen.items() if unit in units}
        asked, pids = time.monotonic(), {unit: unit.pid for unit in units}
        answered = await asyncio.gather(*(_answers(unit) for unit in units))
        silent = [unit for unit, answer in zip(units, answered, strict=True) if not answer]
        self._seen |= {unit: Health(pids[unit]) for unit in units if unit not in silent}
        if len(silent) >= SEVERAL and len(silent) > MOST * len(units):
            return
        await asyncio.gather(*(self._note_silence(unit, pids[unit], asked) for unit in silent))

    async def _note_silence(self, unit: Unit, pid: int, asked: float) -> None:
        before = self._seen.get(unit)
        if before is None or before.pid != pid or not before.silences:
            self._seen[unit] = Health(pid, 1, asked)
            return
        health = self._seen[unit] = Health(pid, before.silences + 1, before.silent_since)
        silent_for = time.monotonic() - health.silent_since
        # It may have ended, or been started anew, while it was asked.
        if silent_for >= WEDGED_SECONDS and health.silences >= MIN_SILENCES and unit.pid == pid and unit in self._up():
            self._wedged(unit, f"did not answer for {silent_for:.0f} s, was ended")
            await _end(unit)


async def _answers(unit: Unit) -> bool:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await unit.answers()
    except Exception:
        return False


async def _end(unit: Unit) -> None:
    """At once; a suspended process hears of it too. Whoever keeps it running sees it end."""
    pid = unit.pid
    unit.kill()
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
    with suppress(TimeoutError):
        async with asyncio.timeout(LAST_WORDS_SECONDS):
            await unit.wait()
            return
    if unit.pid == pid:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
