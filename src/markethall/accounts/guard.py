"""Verifies passwords, and slows down whoever guesses them.

Counted under the account and under the client's address, whether the account exists or not. An
address that has signed in to the account before has a count of its own: what strangers do cannot
keep the owner out.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from markethall.accounts import attempts, repository
from markethall.accounts.errors import PasswordsBusy, TooManyAttempts, WrongCredentials
from markethall.accounts.passwords import Passwords
from markethall.accounts.repository import User
from markethall.accounts.slowdown import Attempts, Growing, Keys, Window, registration_key, sign_in_keys, whole_seconds
from markethall.kit.db import Database
from markethall.kit.settings import Settings

TURN_SECONDS = 5.0
MAX_WAITING = 64
"""Sign-ins to one account that may wait for each other in one replica."""


@dataclass(frozen=True)
class Verified:
    """Whose password it was. `counted_by_account`: not from a known address."""

    user: User
    keys: Keys
    counted_by_account: bool


class Guard:
    """The rules of `slowdown`, applied to counts that all replicas share."""

    def __init__(self, database: Database, passwords: Passwords, settings: Settings) -> None:
        self._database = database
        self._passwords = passwords
        self._by_account = Growing(
            settings.sign_in_free_failures,
            settings.sign_in_first_delay_seconds,
            settings.sign_in_longest_delay_seconds,
        )
        self._by_address = Window(settings.sign_in_failures_per_minute)
        self._registrations = Window(settings.registrations_per_minute)
        self._turns = Turns()

    async def verify(self, email: str, address: str, password: str) -> Verified:
        """`email` as `same_email` gives it.

        Raises:
            WrongCredentials: no such account, or another password.
            TooManyAttempts: the password was not looked at.
            PasswordsBusy: too many wait.
        """
        keys = sign_in_keys(email, address)
        # One at a time for each account: a hundred guesses at once would all be made before the first is counted.
        async with self._turns.turn(keys.account):
            async with self._database.begin() as connection:
                user = await repository.find_by_email(connection, email)
                counts, now = await attempts.read(connection, [keys.account, keys.address, keys.known])
            known = counts.get(keys.known, Attempts()).forget_at > now
            counted = keys.known if known else keys.account
            wait = max(
                self._by_account.wait(counts.get(counted, Attempts()), now),
                self._by_address.wait(counts.get(keys.address, Attempts()), now),
            )
            if wait > 0:
                raise TooManyAttempts(retry_after_seconds=whole_seconds(wait))
            if await self._passwords.verify(password, user.password_hash if user else None) and user is not None:
                return Verified(user, keys, counted_by_account=not known)
            async with self._database.begin() as connection:
                failed = {counted: self._by_account.failed, keys.address: self._by_address.counted}
                await attempts.change(connection, failed)
        raise WrongCredentials()

    async def passed(self, connection: AsyncConnection, verified: Verified) -> None:
        """Write into the caller's transaction that it was the right password."""
        if verified.counted_by_account:
            await attempts.forget(connection, verified.keys.account)
        await attempts.change(connection, {verified.keys.known: lambda _, now: self._by_account.succeeded(now)})

    async def count_registration(self, address: str) -> None:
        """
        Raises:
            TooManyAttempts: too many from this address within a minute.
        """
        wait = 0.0

        def counted(before: Attempts, now: float) -> Attempts:
            nonlocal wait
            wait = self._registrations.wait(before, now)
            return before if wait else self._registrations.counted(before, now)

        async with self._database.begin() as connection:
            await attempts.change(connection, {registration_key(address): counted})
        if wait > 0:
            raise TooManyAttempts(retry_after_seconds=whole_seconds(wait))


class Turns:
    """One at a time for each key, in this process; few keys at once, for each is somebody who waits."""

    def __init__(self) -> None:
        self._locks: dict[bytes, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def turn(self, key: bytes) -> AsyncIterator[None]:
        """
        Raises:
            PasswordsBusy: too many wait, or for too long.
        """
        lock, holders = self._locks.get(key, (asyncio.Lock(), 0))
        if holders > MAX_WAITING:
            raise PasswordsBusy()
        self._locks[key] = (lock, holders + 1)
        try:
            try:
                async with asyncio.timeout(TURN_SECONDS):
                    await lock.acquire()
            except TimeoutError as error:
                raise PasswordsBusy() from error
            try:
                yield
            finally:
                lock.release()
        finally:
            lock, holders = self._locks.pop(key)
            if holders > 1:
                self._locks[key] = (lock, holders - 1)
