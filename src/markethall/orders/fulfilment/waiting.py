"""When a question to inventory that has no answer yet is asked again. Pure."""

import math
from datetime import datetime, timedelta

FIRST_SECONDS = 5.0
LONGEST_SECONDS = 60.0


def is_due(asked_at: datetime, since: datetime, until: datetime) -> bool:
    """Whether a repeat falls between two looks: from `since` on, before `until`.

    Repeats come 5 s after the question, then 10, 20 and 40 s after the one before, then every minute.
    Nothing needs to be remembered of each question: looks that follow each other without a gap
    find each repeat exactly once.
    """
    return repeats_by(until - asked_at) > repeats_by(since - asked_at)


def repeats_by(age: timedelta) -> int:
    """How many repeats a question of that age has had (those due at an age below it)."""
    seconds, pause, count = age.total_seconds(), FIRST_SECONDS, 0
    while seconds > pause:
        if pause == LONGEST_SECONDS:
            # All further pauses are alike.
            return count + math.ceil(seconds / LONGEST_SECONDS) - 1
        seconds -= pause
        count += 1
        pause = min(2 * pause, LONGEST_SECONDS)
    return count
