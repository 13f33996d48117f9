"""Hashing: its settings, its bound, and the same work for an account that is not there."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from argon2 import PasswordHasher, extract_parameters

from markethall.accounts.errors import PasswordsBusy
from markethall.accounts.passwords import Passwords
from markethall.kit.settings import Settings
from tests.accounts.client import PASSWORD, Client
from tests.support.machine import eventually


@pytest.fixture(scope="module")
async def passwords() -> AsyncIterator[Passwords]:
    async with Passwords(threads=2, max_waiting=100) as passwords:
        yield passwords


async def test_hashes_are_argon2id_at_the_settings_of_owasp(passwords: Passwords) -> None:
    first, second = await passwords.hash(PASSWORD), await passwords.hash(PASSWORD)
    assert first != second
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    parameters = extract_parameters(first)
    assert (parameters.salt_len, parameters.hash_len) == (16, 32)


async def test_only_the_password_itself_verifies(passwords: Passwords) -> None:
    stored = await passwords.hash(PASSWORD)
    assert await passwords.verify(PASSWORD, stored)
    assert not await passwords.verify(PASSWORD + " ", stored)
    assert not await passwords.verify(PASSWORD.upper(), stored)
    assert not await passwords.verify("", stored)
    assert not await passwords.verify(PASSWORD, "no hash at all")


async def test_an_account_that_is_not_there_costs_a_verification_too(passwords: Passwords) -> None:
    before = passwords.verifications
    assert not await passwords.verify(PASSWORD, None)
    assert passwords.verifications == before + 1


async def test_beyond_the_bound_one_is_refused_and_the_others_served() -> None:
    async with Passwords(threads=1, max_waiting=2) as passwords:
        outcomes = await asyncio.gather(*(passwords.hash(PASSWORD) for _ in range(10)), return_exceptions=True)
        assert sum(isinstance(outcome, str) for outcome in outcomes) == 3
        refused = [outcome for outcome in outcomes if isinstance(outcome, PasswordsBusy)]
        assert len(refused) == 7
        assert refused[0].status == 503
        assert int(refused[0].headers["Retry-After"]) >= 1
        assert await passwords.hash(PASSWORD)


async def test_who_goes_away_leaves_no_place_taken() -> None:
    async with Passwords(threads=1, max_waiting=2) as passwords:
        for _ in range(3):
            gone = [asyncio.create_task(passwords.hash(PASSWORD)) for _ in range(3)]
            await asyncio.sleep(0)
            for task in gone:
                task.cancel()
            await asyncio.gather(*gone, return_exceptions=True)
            await eventually(lambda: passwords.under_way == 0)
        assert await passwords.hash(PASSWORD)


async def test_a_hash_of_older_settings_is_renewed_at_sign_in(client: Client, settings: Settings) -> None:
    person = await client.register()
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    database = await asyncpg.connect(settings.database_url)
    try:
        await database.execute("UPDATE users SET password_hash = $1 WHERE id = $2::text::uuid", weak, person.id)
        await client.sign_in(person)
        renewed = await database.fetchval("SELECT password_hash FROM users WHERE id = $1::text::uuid", person.id)
    finally:
        await database.close()
    assert renewed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    await client.sign_in(person)


async def test_a_sign_in_verifies_once_whether_the_account_exists_or_not(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted in the hasher itself: what takes the time of a sign-in happens equally often."""
    seen: list[str] = []
    verify = PasswordHasher.verify

    def counting(self: PasswordHasher, hash: str, password: bytes) -> bool:
        seen.append(hash)
        return verify(self, hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", counting)
    person = await client.register()
    per_kind = []
    for email in (person.email, "nobody-at-all@example.com"):
        seen.clear()
        for _ in range(4):
            assert (await client.try_sign_in(email, "a wrong password")).status == 401
        per_kind.append([extract_parameters(hash) for hash in seen])
    assert len(per_kind[0]) == 4
    assert per_kind[0] == per_kind[1]
