"""Passwords: argon2id, hashed in threads of their own, with a bound on how many may wait.

Settings of the OWASP Password Storage Cheat Sheet (second of its argon2id choices): 19 MiB, two
passes, one lane. One hash takes some 20 ms of a core.
"""

import asyncio
import base64
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from markethall.accounts.errors import PasswordsBusy

Result = TypeVar("Result")

MEMORY_KIB = 19456
PASSES = 2
LANES = 1
RETRY_AFTER_SECONDS = 2


class Passwords:
    """Hashes and verifies off the event loop; argon2 lets go of the interpreter's lock meanwhile.

    Raises (from each of its calls):
        PasswordsBusy: `max_waiting` wait already.
    """

    def __init__(self, *, threads: int, max_waiting: int) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._limit = threads + max_waiting
        self.under_way = 0
        """Hashed now, or waiting for a thread."""
        self._nobodys = _hash_of_nothing()
        self.verifications = 0
        """How many were carried out, for unknown accounts included."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def hash(self, password: str) -> str:
        return await self._off_loop(lambda: self._hasher.hash(_prepared(password)))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """False, after the same work, where there is no hash because there is no such account."""
        wanted = password_hash or self._nobodys
        matches = await self._off_loop(lambda: self._matches(password, wanted))
        self.verifications += 1
        return matches and password_hash is not None

    def outdated(self, password_hash: str) -> bool:
        """Whether it was made with other settings than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def _matches(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, _prepared(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _off_loop(self, work: Callable[[], Result]) -> Result:
        if self.under_way >= self._limit:
            raise PasswordsBusy(retry_after_seconds=RETRY_AFTER_SECONDS)
        self.under_way += 1
        future = self._threads.submit(work)
        # Counted until the thread is done with it, also where the client has gone away.
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._done))
        return await asyncio.wrap_future(future)

    def _done(self) -> None:
        self.under_way -= 1


def _hash_of_nothing() -> str:
    """Has the form of a hash, and takes the work of one to verify; no password leads to it."""
    salt, digest = (base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32))
    return f"$argon2id$v={ARGON2_VERSION}$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${digest}"


def _prepared(password: str) -> bytes:
    """NFKC, as NIST SP 800-63B has it: one password, however a keyboard composes its characters."""
    return unicodedata.normalize("NFKC", password).encode()
