"""Guessing is slowed down, and nobody can use that to keep others out."""

import asyncio
from itertools import count, pairwise
from typing import Any, TypeAlias

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from markethall.accounts.slowdown import FORGET_SECONDS, Attempts, Growing, Window, client_address
from markethall.kit.settings import Settings
from tests.accounts.client import PASSWORD, Client
from tests.accounts.conftest import accounts_at

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

addresses = (f"203.0.113.{number}" for number in count(1))


@pytest.fixture(scope="module")
def more_settings() -> dict[str, Any]:
    # Long enough that no delay ends while a test looks.
    return {"sign_in_first_delay_seconds": 300, "sign_in_failures_per_minute": 20, "registrations_per_minute": 10}


@pytest.fixture
def somewhere(client: Client) -> Client:
    """A client whose address nothing is counted for."""
    return client.at(next(addresses))


async def test_after_five_failures_an_account_is_slowed_down_even_for_the_right_password(somewhere: Client) -> None:
    person = await somewhere.register()
    for _ in range(5):
        assert (await somewhere.try_sign_in(person.email, "wrong password")).status == 401
    slowed = await somewhere.try_sign_in(person.email, PASSWORD)
    assert (slowed.status, slowed.code) == (429, "too_many_attempts")
    assert 1 <= int(slowed.headers["retry-after"]) <= 300
    assert (await somewhere.try_sign_in(person.email.upper(), PASSWORD)).status == 429
    assert (await somewhere.at(next(addresses)).try_sign_in(person.email, PASSWORD)).status == 429


async def test_an_unknown_address_is_slowed_down_alike(somewhere: Client) -> None:
    answers = [await somewhere.try_sign_in("nobody@example.com", PASSWORD) for _ in range(6)]
    assert [answer.status for answer in answers] == [401] * 5 + [429]


async def test_guesses_sent_at_once_are_counted_one_by_one(somewhere: Client) -> None:
    person = await somewhere.register()
    answers = await asyncio.gather(*(somewhere.try_sign_in(person.email, f"guess number {n}") for n in range(20)))
    assert sorted(answer.status for answer in answers) == [401] * 5 + [429] * 15


async def test_a_sign_in_clears_the_count(somewhere: Client) -> None:
    person = await somewhere.register()
    for _ in range(3):
        for _ in range(4):
            assert (await somewhere.try_sign_in(person.email, "wrong password")).status == 401
        assert (await somewhere.try_sign_in(person.email, PASSWORD)).status == 201


async def test_strangers_cannot_keep_the_owner_out(somewhere: Client) -> None:
    person = await somewhere.sign_in(await somewhere.register())
    stranger = somewhere.at(next(addresses))
    answers = [await stranger.try_sign_in(person.email, "a guess of mine") for _ in range(6)]
    assert answers[-1].status == 429
    assert (await somewhere.try_sign_in(person.email, PASSWORD)).status == 201
    # The count against strangers stands: the owner's sign-in gives them no new tries.
    assert (await stranger.try_sign_in(person.email, "a guess of mine")).status == 429


async def test_an_address_is_slowed_down_over_all_accounts(somewhere: Client) -> None:
    answers = [await somewhere.try_sign_in(f"user{n}@example.com", PASSWORD) for n in range(21)]
    assert [answer.status for answer in answers] == [401] * 20 + [429]
    assert (await somewhere.at(next(addresses)).try_sign_in("user99@example.com", PASSWORD)).status == 401


async def test_guessing_the_current_password_with_a_stolen_token_is_slowed_down(somewhere: Client) -> None:
    person = await somewhere.newcomer()
    body = {"password": "another good password", "current_password": "a guess of mine"}
    answers = [await somewhere.call("PATCH", "/api/users/me", body, token=person.access) for _ in range(6)]
    assert [answer.code for answer in answers] == ["wrong_password"] * 5 + ["too_many_attempts"]


async def test_registrations_of_one_address_are_bounded(somewhere: Client) -> None:
    for _ in range(10):
        await somewhere.register()
    body = {"email": "eleventh@example.com", "name": "A", "password": PASSWORD}
    refused = await somewhere.call("POST", "/api/users", body)
    assert (refused.status, refused.code) == (429, "too_many_attempts")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    await somewhere.at(next(addresses)).register()


async def test_all_replicas_share_the_counts(somewhere: Client, settings: Settings) -> None:
    person = await somewhere.register()
    async with accounts_at(settings.model_copy(update={"replica": "other"})) as other:
        for n in range(5):
            here = somewhere if n % 2 else other.at(somewhere.address)
            assert (await here.try_sign_in(person.email, "wrong password")).status == 401
        assert (await somewhere.try_sign_in(person.email, PASSWORD)).status == 429
        assert (await other.at(somewhere.address).try_sign_in(person.email, PASSWORD)).status == 429


async def test_what_was_typed_is_not_kept(somewhere: Client, database: Connection) -> None:
    await somewhere.try_sign_in("my-password-by-mistake", PASSWORD)
    kept = await database.fetch("SELECT a::text FROM attempts a")
    assert kept
    assert not any("mistake" in row[0] or somewhere.address in row[0] for row in kept)


RULE = Growing(free=5, first_seconds=2.0, longest_seconds=900.0)


@given(st.integers(min_value=1, max_value=2000))
def test_delays_double_and_never_pass_their_bound(failures: int) -> None:
    attempts, now = Attempts(), 1_000_000.0
    delays = []
    for _ in range(failures):
        attempts = RULE.failed(attempts, now)
        delays.append(RULE.wait(attempts, now))
        now += delays[-1]
    assert delays[:4] == [0.0] * min(failures, 4)
    assert max(delays) <= 900.0
    assert all(later == min(2 * earlier, 900.0) for earlier, later in pairwise(delays[4:]))
    assert RULE.wait(attempts, now) == 0.0


def test_failures_are_forgotten_after_an_hour() -> None:
    now = 1_000_000.0
    for start in (Attempts(), RULE.succeeded(now)):
        attempts = start
        for _ in range(10):
            attempts = RULE.failed(attempts, now)
        later = now + FORGET_SECONDS + 1
        assert RULE.wait(attempts, later) == 0.0
        assert RULE.failed(attempts, later).count == 1


def test_a_window_lets_so_many_through_and_begins_anew() -> None:
    rule, attempts, now = Window(3), Attempts(), 1_000_000.0
    for _ in range(3):
        assert rule.wait(attempts, now) == 0.0
        attempts = rule.counted(attempts, now)
    assert rule.wait(attempts, now + 20.0) == 40.0
    assert rule.wait(attempts, now + 60.0) == 0.0
    assert rule.counted(attempts, now + 60.0).count == 1


@pytest.mark.parametrize(
    ("said", "peer", "address"),
    [
        ("192.0.2.1", "127.0.0.1", "192.0.2.1"),
        (None, "127.0.0.1", "127.0.0.1"),
        ("", "127.0.0.1", "127.0.0.1"),
        ("not an address\r\n", "127.0.0.1", "127.0.0.1"),
        ("::ffff:192.0.2.1", None, "192.0.2.1"),
        ("2001:db8:1:2:3::4", None, "2001:db8:1:2::/64"),
        (None, None, "unknown"),
    ],
)
def test_who_asks_is_who_front_says_or_the_peer(said: str | None, peer: str | None, address: str) -> None:
    assert client_address(said, peer) == address
