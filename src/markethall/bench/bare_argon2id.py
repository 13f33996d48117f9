"""What argon2id allows on this machine: the shop's own way to verify a password, and nothing besides."""

import asyncio
import os
from time import monotonic
from uuid import uuid4

from markethall.accounts.passwords import Passwords


async def rate(seconds: float) -> float:
    """Verifications a second on all cores, with the shop's settings, in threads as accounts does it."""
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
