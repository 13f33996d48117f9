"""What argon2id allows on this machine: the shop's own way to verify a password, and nothing besides.

In a process of its own (`python -m … SECONDS`): each thread that has hashed keeps its 19 MiB, which are not the shop's.
"""

import asyncio
import os
import sys
from time import monotonic
from uuid import uuid4

from markethall.accounts.passwords import Passwords
from markethall.bench.load.program import run_to_its_end

START_SECONDS = 30.0


async def rate(seconds: float) -> float:
    """Verifications a second on all cores, with the shop's settings, in threads as accounts does it.

    Raises:
        CannotMeasure: it did not come to its end.
    """
    told, _ = await run_to_its_end([sys.executable, "-m", __name__, str(seconds)], START_SECONDS + seconds)
    return float(told)


async def _rate(seconds: float) -> float:
    cores = len(os.sched_getaffinity(0))
    password = uuid4().hex
    async with Passwords(threads=cores, max_waiting=cores) as passwords:
        hashed = await passwords.hash(password)

        async def on_one() -> float:
            began, done = monotonic(), 0
            while monotonic() - began < seconds:
                assert await passwords.verify(password, hashed)
                done += 1
            return done / (monotonic() - began)

        return sum(await asyncio.gather(*(on_one() for _ in range(cores))))


if __name__ == "__main__":
    sys.stdout.write(str(asyncio.run(_rate(float(sys.argv[1])))))
