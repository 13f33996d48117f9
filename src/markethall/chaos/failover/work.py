"""Which replica holds the work: the one that took the most messages to the bus in the last second.

Any replica may relay what any other wrote, so there is no leader by office; this is the nearest to one.
"""

import asyncio
import re

import aiohttp

from markethall.chaos.target import Target

LOOK_SECONDS = 1.0
_RELAYED = re.compile(r"^markethall_relayed_messages_total (\S+)$", re.MULTILINE)


async def busiest(target: Target, service: str) -> str:
    """The replica's name, as `orders-2`; the first of several that did the same."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3.0)) as session:
        before = await _relayed(target, service, session)
        await asyncio.sleep(LOOK_SECONDS)
        after = await _relayed(target, service, session)
    return max(sorted(after), key=lambda name: after[name] - before.get(name, 0.0))


async def _relayed(target: Target, service: str, session: aiohttp.ClientSession) -> dict[str, float]:
    counts: dict[str, float] = {}
    for name in target.names(service):
        try:
            async with session.get(f"{target.entry(name).url}/metrics") as answer:
                found = _RELAYED.search(await answer.text())
        except (aiohttp.ClientError, OSError, TimeoutError):
            found = None
        counts[name] = float(found[1]) if found else 0.0
    return counts
