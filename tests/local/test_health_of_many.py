"""When most parts are silent at once, it is the machine that is slow, or whoever asks."""

import os
from dataclasses import dataclass, field
from typing import cast

import pytest

from markethall.local import health
from markethall.local.health import Rounds
from markethall.local.unit import Unit


@dataclass(eq=False)
class Part:
    """As a unit is seen by whoever looks after it."""

    silent: bool
    ended: bool = False
    service: str = "part"
    replica: str = "1"
    pid: int = field(default_factory=os.getpid)

    async def answers(self) -> bool:
        return not self.silent

    def kill(self) -> None:
        self.ended = True

    async def wait(self) -> int:
        return -9


@pytest.mark.parametrize(
    ("silent", "answering", "most_guard", "ended"),
    [(1, 0, True, 1), (2, 0, True, 2), (2, 3, True, 2), (4, 3, True, 0), (4, 3, False, 4)],
)
async def test_nobody_is_ended_for_what_most_do(
    monkeypatch: pytest.MonkeyPatch, silent: int, answering: int, most_guard: bool, ended: int
) -> None:
    monkeypatch.setattr(health, "WEDGED_SECONDS", 0.0)
    if not most_guard:
        monkeypatch.setattr(health, "MOST", 1.0)
    parts = [Part(number < silent) for number in range(silent + answering)]
    told: list[Unit] = []
    rounds = Rounds(lambda: cast(list[Unit], parts), lambda unit, _reason: told.append(unit))
    for _ in range(health.MIN_SILENCES):
        await rounds.once()
    assert len(told) == ended
    assert sum(part.ended for part in parts) == ended
