"""The keys of access tokens: their turns, and their way over the bus."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import asyncpg
import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from markethall.accounts.keys import Schedule, SigningKey, new_key, signing
from markethall.accounts.signing_keys import SigningKeys
from markethall.contracts.topology import KEYS_BUCKET
from markethall.kit.bus import Bus
from markethall.kit.db import Database
from markethall.kit.identity import InvalidToken, KeyRing, KeysUnavailable
from markethall.kit.settings import Settings
from markethall.local.credentials import Credentials
from markethall.local.nats import EmbeddedNats
from tests.accounts.conftest import accounts_at
from tests.support.machine import Machine, eventually, nats_server, settings_for

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

SCHEDULE = Schedule(rotation=timedelta(days=30), token_life=timedelta(minutes=15))
START = datetime(2026, 1, 1, tzinfo=UTC)


@given(st.lists(st.integers(min_value=1, max_value=40 * 24 * 60), min_size=1, max_size=30))
def test_a_key_is_published_before_it_signs_and_until_its_last_token_is_out(minutes: list[int]) -> None:
    """Any history of renewals: each token is verified by all who know what was published when it was made."""
    keys: list[SigningKey] = []
    made_at: dict[str, datetime] = {}
    tokens: list[tuple[str, datetime]] = []
    now = START
    for pause in [0, *minutes]:
        now += timedelta(minutes=pause)
        keys = [key for key in keys if key not in SCHEDULE.over(keys, now)]
        active_from = SCHEDULE.missing(keys, now)
        if active_from is not None:
            key = new_key(active_from)
            made_at[key.kid] = now
            keys.append(key)
        assert SCHEDULE.missing(keys, now) is None
        signer = signing(keys, now)
        assert signer.active_from <= now
        assert signer.active_from == START or made_at[signer.kid] + SCHEDULE.lead <= now
        tokens.append((signer.kid, now))
        published = {key.kid: key.not_after for key in SCHEDULE.public(keys)}
        for kid, issued in tokens:
            if now <= issued + SCHEDULE.token_life:
                assert kid in published
                assert published[kid] is None or published[kid] >= now.timestamp()
    assert len(keys) <= 3


def test_keys_take_turns() -> None:
    first = new_key(START)
    assert SCHEDULE.missing([first], START + timedelta(days=29)) is None
    due = START + timedelta(days=30)
    assert SCHEDULE.missing([first], due - timedelta(minutes=30)) == due + timedelta(minutes=30)
    second = new_key(due)
    both = [first, second]
    assert signing(both, due - timedelta(seconds=1)) is first
    assert signing(both, due) is second
    assert SCHEDULE.over(both, due + timedelta(minutes=15)) == []
    assert SCHEDULE.over(both, due + timedelta(minutes=17)) == [first]
    assert [key.not_after is None for key in SCHEDULE.public(both)] == [False, True]


@pytest.fixture
async def bus_of_its_own(tmp_path: Path, credentials: Credentials) -> AsyncIterator[EmbeddedNats]:
    """A bus that a test may stop and wipe."""
    async with nats_server(tmp_path, credentials) as server:
        yield server


@pytest.fixture
async def settings(machine: Machine, bus_of_its_own: EmbeddedNats) -> Settings:
    return settings_for("accounts", await machine.new_database("accounts"), bus_of_its_own)


async def test_tokens_are_verified_elsewhere_with_accounts_down_and_the_bus_wiped(
    bus_of_its_own: EmbeddedNats, settings: Settings, tmp_path: Path
) -> None:
    async with Bus(settings_for("orders", "", bus_of_its_own), "orders") as bus, KeyRing(bus) as ring:
        with pytest.raises(KeysUnavailable):
            ring.verify("a.b.c")
        async with accounts_at(settings) as client:
            person = await client.newcomer()
            await eventually(lambda: knows(ring, person.access))
            assert str(ring.verify(person.access).user_id) == person.id
        async with accounts_at(settings) as client:
            await wipe(bus_of_its_own, tmp_path)
            # The same tokens, and those made while there was no bus.
            await client.sign_in(person)
            assert (await client.call("GET", "/api/users/me", token=person.access)).status == 200
            await eventually(lambda: in_bucket(bus), seconds=30)
            unknown_to_it = KeyRing(bus)
            async with unknown_to_it:
                await eventually(lambda: knows(unknown_to_it, person.access), seconds=30)
        # Nobody is there any more who could be asked.
        late = KeyRing(bus)
        async with late:
            await eventually(lambda: knows(late, person.access), seconds=30)
        assert str(ring.verify(person.access).user_id) == person.id


async def test_a_new_key_is_known_before_it_signs_and_the_former_goes_after_its_tokens(
    bus_of_its_own: EmbeddedNats, settings: Settings
) -> None:
    async with (
        Bus(settings_for("orders", "", bus_of_its_own), "orders") as bus,
        KeyRing(bus) as ring,
        accounts_at(settings) as client,
        Database(settings) as database,
        Bus(settings, "accounts") as accounts_bus,
    ):
        person = await client.newcomer()
        first_kid = kid(person.access)
        await eventually(lambda: knows(ring, person.access))
        keeper = SigningKeys(database, accounts_bus, KeyRing(accounts_bus), SCHEDULE)
        connection = await asyncpg.connect(settings.database_url)
        try:
            # Thirty days pass.
            await connection.execute("UPDATE signing_keys SET active_from = active_from - interval '30 days'")
            await keeper.renew()
            await keeper.publish()
            kids = [row["kid"] for row in await connection.fetch("SELECT kid FROM signing_keys ORDER BY active_from")]
            assert kids[0] == first_kid
            assert len(kids) == 2
            assert keeper.current.kid == first_kid
            await eventually(lambda: kids[1] in ring._keys)
            # The hour passes in which the next key is known and does not sign.
            await connection.execute("UPDATE signing_keys SET active_from = active_from - interval '61 minutes'")
            await keeper.renew()
            assert keeper.current.kid == kids[1]
            assert knows(ring, person.access)
            # And the life of the last token of the former.
            await connection.execute("UPDATE signing_keys SET active_from = active_from - interval '16 minutes'")
            await keeper.renew()
            assert await connection.fetchval("SELECT count(*) FROM signing_keys") == 1
            await eventually(lambda: not knows(ring, person.access))
        finally:
            await connection.close()


async def test_replicas_that_start_together_make_one_key(settings: Settings) -> None:
    async with accounts_at(settings) as one, accounts_at(settings.model_copy(update={"replica": "two"})) as other:
        person = await one.newcomer()
        again = await other.sign_in(person)
        assert kid(person.access) == kid(again.access)
        for client, token in ((one, again.access), (other, person.access)):
            assert (await client.call("GET", "/api/users/me", token=token)).status == 200


def knows(ring: KeyRing, token: str) -> bool:
    try:
        ring.verify(token)
    except (InvalidToken, KeysUnavailable):
        return False
    return True


def kid(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


async def in_bucket(bus: Bus) -> bool:
    try:
        return bool(await (await bus.jetstream.key_value(KEYS_BUCKET)).keys())
    except Exception:
        return False


async def wipe(server: EmbeddedNats, folder: Path) -> None:
    await server.stop()
    shutil.rmtree(folder / "nats" / "store")
    await server.start()
