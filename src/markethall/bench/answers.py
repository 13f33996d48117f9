"""How the shop's fronts have answered, by their own counters: wrk tells a 201 from a 202 only at a price."""

import re
from collections import Counter
from collections.abc import Mapping

import aiohttp

from markethall.bench.errors import CannotMeasure
from markethall.bench.subject import Subject

_ANSWERED = re.compile(
    r'^markethall_http_request_seconds_count\{method="(\w+)",route="([^"]*)",status="(\d+)"\} (\S+)$', re.MULTILINE
)
Answers = Mapping[tuple[str, str, str], int]
"""By method, route and status, since the fronts began."""


async def answers(subject: Subject) -> Answers:
    """Of all fronts together. Empty where they are not known by name. Raises CannotMeasure."""
    found: Counter[tuple[str, str, str]] = Counter()
    if subject.shop is None:
        return found
    for entry in subject.shop.folder.read_processes():
        if entry.service != "front":
            continue
        try:
            async with subject.session.get(f"{entry.url}/metrics") as answer:
                text = await answer.text()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise CannotMeasure(f"front {entry.replica} does not tell its figures: {error}") from error
        for method, route, status, count in _ANSWERED.findall(text):
            found[method, route, status] += int(float(count))
    return found


def between(before: Answers, after: Answers, method: str, route: str) -> dict[str, int]:
    """By status."""
    return {
        status: count - before.get((found, where, status), 0)
        for (found, where, status), count in sorted(after.items())
        if found == method and where == route and count > before.get((found, where, status), 0)
    }
