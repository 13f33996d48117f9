"""Real-time order: whoever asks after another was answered must not be told something older."""

from collections.abc import Iterable
from typing import NamedTuple

from markethall.chaos.history import Record


class Reading(NamedTuple):
    """Something with a version, as it was at a moment between `asked` and `seen`. `said` is the rest of it."""

    version: int
    asked: float
    seen: float
    said: object
    record: Record


def older_than_seen(readings: Iterable[Reading]) -> tuple[Reading, Reading] | None:
    """The first reading that is older than one that had been answered before it was asked for; that one first."""
    by_asked = sorted(readings, key=lambda reading: reading.asked)
    by_seen = sorted(by_asked, key=lambda reading: reading.seen)
    newest: Reading | None = None
    position = 0
    for reading in by_asked:
        while position < len(by_seen) and by_seen[position].seen < reading.asked:
            if newest is None or by_seen[position].version > newest.version:
                newest = by_seen[position]
            position += 1
        if newest is not None and reading.version < newest.version:
            return newest, reading
    return None


def two_of_one_version(readings: Iterable[Reading]) -> tuple[Reading, Reading] | None:
    """Two readings of the same version that differ."""
    known: dict[int, Reading] = {}
    for reading in readings:
        other = known.setdefault(reading.version, reading)
        if other.said != reading.said:
            return other, reading
    return None
