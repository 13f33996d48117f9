"""Signing in and out, and what becomes of refresh tokens."""

import asyncio
import base64
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import asyncpg
import jwt
import pytest

from markethall.accounts import repository
from markethall.accounts.repository import Session
from markethall.accounts.sessions import refusal_of
from markethall.accounts.tokens import new_refresh_token, read_refresh_token
from markethall.kit.db import Database
from markethall.kit.settings import Settings
from tests.accounts.client import PASSWORD, Client
from tests.accounts.conftest import Watcher

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def test_an_access_token_says_who_and_until_when(client: Client) -> None:
    person = await client.newcomer()
    header = jwt.get_unverified_header(person.access)
    claims = jwt.decode(person.access, options={"verify_signature": False})
    assert (header["alg"], claims["iss"], claims["sub"], claims["roles"]) == ("EdDSA", "markethall", person.id, [])
    assert claims["exp"] - claims["iat"] == 900
    assert claims["iat"] <= time.time() + 1
    assert {"jti", "sid"} <= set(claims)
    assert header["kid"]


async def test_a_wrong_password_and_an_unknown_address_are_answered_alike(client: Client) -> None:
    person = await client.register()
    wrong = await client.try_sign_in(person.email, "not the password")
    unknown = await client.try_sign_in("nobody@example.com", "not the password")
    no_address = await client.try_sign_in("no address at all", "not the password")
    short = await client.try_sign_in(person.email, "x")
    assert (wrong.status, wrong.code) == (401, "wrong_credentials")
    assert wrong.body == unknown.body == no_address.body == short.body


@pytest.mark.parametrize(
    "body",
    [
        {"email": "a@example.com"},
        {"password": PASSWORD},
        {"email": 1, "password": PASSWORD},
        {"email": "a@example.com", "password": {"$ne": None}},
        {"email": "a@example.com", "password": "p" * 257},
        {"email": "a@example.com", "password": "nul\x00"},
        {"email": "nul\x00@example.com", "password": PASSWORD},
        {"email": "a@example.com", "password": PASSWORD, "admin": True},
    ],
)
async def test_a_sign_in_that_is_not_valid_is_422(client: Client, body: object) -> None:
    answer = await client.call("POST", "/api/sessions", body)
    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.body["errors"]


async def test_a_refresh_gives_a_new_pair_of_the_same_session(client: Client) -> None:
    person = await client.newcomer()
    answer = await client.refresh(person.refresh)
    assert answer.status == 200
    assert set(answer.body) == {"access_token", "token_type", "expires_in", "refresh_token", "user"}
    assert answer.body["refresh_token"] != person.refresh
    before, after = (
        jwt.decode(token, options={"verify_signature": False}) for token in (person.access, answer.body["access_token"])
    )
    assert before["sid"] == after["sid"]
    assert before["jti"] != after["jti"]
    assert (await client.call("GET", "/api/users/me", token=answer.body["access_token"])).body["id"] == person.id


async def test_a_used_refresh_token_ends_the_family(client: Client) -> None:
    person = await client.newcomer()
    other_session = await client.sign_in(person)
    second = (await client.refresh(person.refresh)).body
    third = (await client.refresh(second["refresh_token"])).body
    reused = await client.refresh(person.refresh)
    assert (reused.status, reused.code) == (401, "refresh_reused")
    assert (await client.refresh(third["refresh_token"])).code == "session_ended"
    assert (await client.refresh(person.refresh)).code == "session_ended"
    assert (await client.call("GET", "/api/users/me", token=third["access_token"])).code == "session_ended"
    assert (await client.refresh(other_session.refresh)).status == 200


async def test_a_token_that_was_just_exchanged_is_reused_too(client: Client) -> None:
    person = await client.newcomer()
    fresh = (await client.refresh(person.refresh)).body
    assert (await client.refresh(person.refresh)).code == "refresh_reused"
    assert (await client.refresh(fresh["refresh_token"])).code == "session_ended"


async def test_of_refreshes_under_way_together_one_wins_and_the_session_goes_on(
    client: Client, database: Connection, watcher: Watcher
) -> None:
    person = await client.newcomer()
    transaction = database.transaction()
    await transaction.start()
    await database.execute("SELECT 1 FROM sessions WHERE user_id = $1::text::uuid FOR UPDATE", person.id)
    under_way = [asyncio.create_task(client.refresh(person.refresh)) for _ in range(3)]
    await watcher.until_waiting(3)
    await transaction.rollback()
    answers = await asyncio.gather(*under_way)
    assert sorted(answer.status for answer in answers) == [200, 401, 401]
    assert {answer.code for answer in answers if answer.status == 401} == {"refresh_superseded"}
    winner = next(answer for answer in answers if answer.status == 200)
    assert (await client.refresh(winner.body["refresh_token"])).status == 200


async def test_without_the_lock_more_than_one_would_win(client: Client, settings: Settings) -> None:
    """The same rule, where the session is read without a lock: each of two sees the newest token as its own."""
    person = await client.newcomer()
    token = read_refresh_token(person.refresh)
    assert token is not None
    async with Database(settings) as unguarded, unguarded.begin() as one, unguarded.begin() as other:
        for connection in (one, other):
            session = await repository.find_session(connection, token.family, lock=False)
            assert session is not None
            assert refusal_of(session, token) is None


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "e30.e30.e30",
        "é" * 64,
        base64.urlsafe_b64encode(bytes(48)).decode(),
        base64.urlsafe_b64encode(bytes(47)).decode(),
        "' OR 1=1; --",
        "A" * 1000,
    ],
)
async def test_what_is_no_refresh_token_is_401(client: Client, token: str) -> None:
    answer = await client.refresh(token)
    assert (answer.status, answer.code) == (401, "invalid_refresh_token")


async def test_knowing_the_session_id_is_not_enough_to_end_it(client: Client) -> None:
    person = await client.newcomer()
    session_id = uuid.UUID(jwt.decode(person.access, options={"verify_signature": False})["sid"])
    guess = base64.urlsafe_b64encode(session_id.bytes + bytes(32)).decode()
    assert (await client.refresh(guess)).code == "invalid_refresh_token"
    assert (await client.refresh(person.refresh)).status == 200


async def test_a_refresh_token_expires_with_its_session(client: Client, database: Connection) -> None:
    person = await client.newcomer()
    await database.execute(
        "UPDATE sessions SET expires_at = now() - interval '1 second' WHERE user_id = $1::text::uuid", person.id
    )
    assert (await client.refresh(person.refresh)).code == "invalid_refresh_token"


async def test_signing_out_ends_the_session_and_may_be_repeated(client: Client) -> None:
    person = await client.newcomer()
    elsewhere = await client.sign_in(person)
    for _ in range(2):
        assert (await client.call("DELETE", "/api/sessions/current", token=person.access)).status == 204
    assert (await client.refresh(person.refresh)).code == "session_ended"
    assert (await client.call("GET", "/api/users/me", token=person.access)).code == "session_ended"
    assert (await client.refresh(elsewhere.refresh)).status == 200


async def test_the_database_keeps_no_token(client: Client, database: Connection) -> None:
    person = await client.newcomer()
    token = read_refresh_token(person.refresh)
    assert token is not None
    row = await database.fetchrow("SELECT * FROM sessions WHERE user_id = $1::text::uuid", person.id)
    assert row is not None
    assert token.secret not in row.values()
    assert row["token_hash"] == token.hash


def test_only_an_overlapping_use_of_the_former_token_is_forgiven() -> None:
    former, newest = new_refresh_token(), new_refresh_token()
    rotated_at = datetime(2026, 1, 1, tzinfo=UTC)

    def refusal(token: object, asked: float, previous: object = former) -> str | None:
        session = Session(
            id=uuid.uuid4(),
            user_id=uuid.uuid4(),
            token_hash=newest.hash,
            previous_hash=getattr(previous, "hash", None),
            rotated_at=rotated_at,
            expires_at=rotated_at + timedelta(days=30),
            ended_at=None,
            asked_at=rotated_at + timedelta(seconds=asked),
        )
        found = refusal_of(session, token)  # type: ignore[arg-type]
        return found.code if found else None

    assert refusal(newest, 1) is None
    assert refusal(newest, 30 * 24 * 3600) == "invalid_refresh_token"
    assert refusal(former, -0.001) == "refresh_superseded"
    assert refusal(former, 0.001) == "refresh_reused"
    assert refusal(new_refresh_token(), -0.001) == "refresh_reused"
    assert refusal(former, -0.001, previous=None) == "refresh_reused"
