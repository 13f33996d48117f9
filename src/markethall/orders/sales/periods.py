"""How time is cut into hours and days of a time zone. Pure."""

from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

Interval = Literal["hour", "day"]

MAX_POINTS = 750
"""A month of hours, two years of days."""
QUARTER = timedelta(minutes=15)
"""Sums are kept for quarters of an hour: every zone's hours and days are made of them."""
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def zone(name: str) -> ZoneInfo | None:
    """By its IANA name; None where there is no such zone."""
    return ZoneInfo(name) if name in available_timezones() else None


def starts(interval: Interval, within: ZoneInfo, begin: datetime, end: datetime) -> list[datetime]:
    """The starts (UTC) of all that overlap the time from `begin` to before `end`, and the end of the last one.

    A day lasts from midnight to midnight, so 23 or 25 hours where the clocks are changed. Hours are counted on from
    the first. At most `MAX_POINTS` and one are looked for.
    """
    found = [_start(interval, within, begin)]
    while found[-1] < end and len(found) <= MAX_POINTS + 1:
        found.append(_next(interval, within, found[-1]))
    return found


def whole_hours(begin: datetime, end: datetime) -> tuple[datetime, datetime]:
    """The same period in whole hours of UTC, widened where it is not."""
    first, last = _floor(begin, HOUR), _floor(end, HOUR)
    return first, last if last == end else last + HOUR


def split(begin: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Where the whole days (UTC) of a period begin and end; the same moment where it has none."""
    first = _floor(begin, DAY)
    first = first if first == begin else first + DAY
    last = _floor(end, DAY)
    return (first, last) if first < last else (end, end)


def _start(interval: Interval, within: ZoneInfo, at: datetime) -> datetime:
    local = at.astimezone(within)
    if interval == "day":
        return datetime.combine(local.date(), time(), within).astimezone(UTC)
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return at.astimezone(UTC) - past


def _next(interval: Interval, within: ZoneInfo, start: datetime) -> datetime:
    if interval == "hour":
        return start + HOUR
    # Midnight may not exist, and the day then begins at one.
    day = (start.astimezone(within) + timedelta(hours=6)).date() + timedelta(days=1)
    return datetime.combine(day, time(), within).astimezone(UTC)


def _floor(at: datetime, step: timedelta) -> datetime:
    origin = datetime(2000, 1, 1, tzinfo=UTC)
    return origin + (at.astimezone(UTC) - origin) // step * step
