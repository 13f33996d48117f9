"""The admin of the settings, the list of users, roles."""

import asyncio
from typing import TypeAlias

import asyncpg
import pytest

from markethall.accounts import repository
from markethall.kit.cursors import encode_cursor
from markethall.kit.db import Database
from markethall.kit.settings import Settings
from tests.accounts.client import Client, Person
from tests.accounts.conftest import ADMIN, Watcher, accounts_at

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def test_the_admin_of_the_settings_is_there(admin: Person, database: Connection) -> None:
    assert admin.tokens["user"]["roles"] == ["admin"]
    assert await database.fetchval("SELECT count(*) FROM users WHERE email = $1", ADMIN.email) == 1


async def test_replicas_with_the_same_admin_change_nothing_and_another_password_counts(
    client: Client, admin: Person, settings: Settings
) -> None:
    others = [settings.model_copy(update={"replica": f"r{n}"}) for n in range(2)]
    async with accounts_at(others[0]), accounts_at(others[1]) as third:
        assert (await third.sign_in(ADMIN)).tokens["user"]["id"] == admin.tokens["user"]["id"]
        assert (await client.refresh(admin.refresh)).status == 200
    changed = Person("", ADMIN.email, "another password of the admin")
    async with accounts_at(settings.model_copy(update={"admin_password": changed.password})) as other:
        assert (await other.sign_in(changed)).tokens["user"]["id"] == admin.tokens["user"]["id"]
        assert (await client.try_sign_in(ADMIN.email, ADMIN.password)).status == 401
        assert (await client.call("GET", "/api/users/me", token=admin.access)).code == "session_ended"
    async with accounts_at(settings):
        await client.sign_in(ADMIN)


async def test_a_role_that_was_lost_comes_back_at_the_next_start(
    client: Client, settings: Settings, database: Connection
) -> None:
    await database.execute("UPDATE users SET roles = '{}' WHERE email = $1", ADMIN.email)
    async with accounts_at(settings):
        assert (await client.sign_in(ADMIN)).tokens["user"]["roles"] == ["admin"]


async def test_users_are_listed_by_address_page_by_page(client: Client, admin: Person) -> None:
    emails = [f"list-{name}@example.com" for name in ("a", "B", "c", "d", "e")]
    for email in emails:
        await client.register(email)
    seen: list[str] = []
    path = "/api/users?query=LIST-&limit=2"
    cursor = ""
    while True:
        page = await client.call("GET", path + cursor, token=admin.access)
        assert page.status == 200
        seen += [item["email"] for item in page.body["items"]]
        if page.body["next_cursor"] is None:
            break
        assert len(page.body["items"]) == 2
        cursor = f"&cursor={page.body['next_cursor']}"
    assert seen == emails
    assert set(page.body["items"][0]) == {"id", "email", "name", "roles", "created_at"}
    everybody = await client.call("GET", "/api/users", token=admin.access)
    assert ADMIN.email in [item["email"] for item in everybody.body["items"]]


@pytest.mark.parametrize("query", ["%", "_", "%25", "'", "*", "nobody-begins-so"])
async def test_a_prefix_is_text_and_no_pattern(client: Client, admin: Person, query: str) -> None:
    page = await client.call("GET", f"/api/users?query={query.replace('%', '%25')}", token=admin.access)
    assert (page.status, page.body) == (200, {"items": [], "next_cursor": None})


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ("limit=0", "invalid"),
        ("limit=101", "invalid"),
        ("limit=x", "invalid"),
        ("query=%00", "invalid"),
        (f"query={'a' * 300}", "invalid"),
        ("cursor=x", "invalid_cursor"),
        ("cursor=AAAAAAAAAAAAAAAA", "invalid_cursor"),
        ("cursor=%F0%9F%98%80", "invalid_cursor"),
        (f"cursor={encode_cursor('users', [''], ['nul' + chr(0)])}", "invalid_cursor"),
        (f"cursor={encode_cursor('users', [''], [5])}", "invalid_cursor"),
    ],
)
async def test_a_list_that_cannot_be_asked_for_is_422(
    client: Client, admin: Person, parameters: str, code: str
) -> None:
    answer = await client.call("GET", f"/api/users?{parameters}", token=admin.access)
    assert (answer.status, answer.code) == (422, code)


async def test_a_cursor_of_another_search_is_refused(client: Client, admin: Person) -> None:
    for name in ("one", "two"):
        await client.register(f"cursor-{name}@example.com")
    page = await client.call("GET", "/api/users?query=cursor-&limit=1", token=admin.access)
    cursor = page.body["next_cursor"]
    answer = await client.call("GET", f"/api/users?query=other&cursor={cursor}", token=admin.access)
    assert (answer.status, answer.code) == (422, "invalid_cursor")


async def test_a_page_is_answered_from_the_index(settings: Settings, client: Client, database: Connection) -> None:
    await database.execute(
        """INSERT INTO users (id, email, email_normalised, name, password_hash, roles, created_at, version)
           SELECT gen_random_uuid(), e, e, 'Many', 'x', '{}', now(), 1
           FROM (SELECT 'many' || n || '@example.com' AS e FROM generate_series(1, 5000) AS n) AS emails"""
    )
    await database.execute("ANALYZE users")
    before = await scanned(database)
    async with Database(settings) as db, db.begin() as connection:
        found = await repository.list_users(connection, "many4", "many42@example.com", 21)
    assert len(found) == 21
    assert await scanned(database) == before
    await database.execute("DELETE FROM users WHERE name = 'Many'")


async def scanned(database: Connection) -> int:
    """Rows read by sequential scans of users."""
    await database.execute("SELECT pg_stat_force_next_flush()")
    return int(await database.fetchval("SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'users'"))


async def test_an_admin_gives_a_role_and_takes_it(client: Client, admin: Person) -> None:
    person = await client.newcomer()
    assert (await client.call("GET", "/api/users", token=person.access)).code == "forbidden"
    path = f"/api/users/{person.id}"
    for body in ({"roles": ["admin"]}, {"no": "field"}):
        assert (await client.call("PATCH", path, body, token=person.access)).code == "forbidden"
    given = await client.call("PATCH", path, {"roles": ["admin", "admin"]}, token=admin.access)
    assert (given.status, given.body["roles"]) == (200, ["admin"])
    renewed = (await client.refresh(person.refresh)).body
    assert renewed["user"]["roles"] == ["admin"]
    assert (await client.call("GET", "/api/users", token=renewed["access_token"])).status == 200
    taken = await client.call("PATCH", path, {"roles": []}, token=admin.access)
    assert (taken.status, taken.body["roles"]) == (200, [])
    # At once, although the token still says admin.
    assert (await client.call("GET", "/api/users", token=renewed["access_token"])).code == "forbidden"


@pytest.mark.parametrize("body", [{}, {"roles": None}, {"roles": "admin"}, {"roles": ["king"]}, {"roles": [1]}])
async def test_roles_that_do_not_exist_are_422(client: Client, admin: Person, body: object) -> None:
    answer = await client.call("PATCH", f"/api/users/{admin.tokens['user']['id']}", body, token=admin.access)
    assert (answer.status, answer.code) == (422, "invalid")


@pytest.mark.parametrize("user_id", ["6f1c1c1e-7f1e-4a51-8f3c-111111111111", "x", "1", "..%2f", "%00"])
async def test_a_user_who_is_not_there_is_404(client: Client, admin: Person, user_id: str) -> None:
    answer = await client.call("PATCH", f"/api/users/{user_id}", {"roles": []}, token=admin.access)
    assert (answer.status, answer.code) == (404, "not_found")


async def test_the_last_admin_keeps_the_role_and_stays(client: Client, admin: Person) -> None:
    path = f"/api/users/{admin.tokens['user']['id']}"
    answer = await client.call("PATCH", path, {"roles": []}, token=admin.access)
    assert (answer.status, answer.code) == (409, "last_admin")
    assert (await client.call("DELETE", "/api/users/me", token=admin.access)).code == "last_admin"
    assert (await client.call("PATCH", path, {"roles": ["admin"]}, token=admin.access)).status == 200


async def test_two_admins_cannot_take_the_role_from_each_other(
    client: Client, admin: Person, database: Connection, watcher: Watcher
) -> None:
    second = await client.newcomer()
    paths = {"admin": f"/api/users/{admin.tokens['user']['id']}", "second": f"/api/users/{second.id}"}
    assert (await client.call("PATCH", paths["second"], {"roles": ["admin"]}, token=admin.access)).status == 200
    second = await client.sign_in(second)
    transaction = database.transaction()
    await transaction.start()
    await database.execute("SELECT 1 FROM users WHERE 'admin' = ANY (roles) FOR UPDATE")
    under_way = [
        asyncio.create_task(client.call("PATCH", paths["second"], {"roles": []}, token=admin.access)),
        asyncio.create_task(client.call("PATCH", paths["admin"], {"roles": []}, token=second.access)),
    ]
    await watcher.until_waiting(2)
    await transaction.rollback()
    answers = await asyncio.gather(*under_way)
    # Who comes second is no admin any more, or would be the last one gone.
    assert sorted(answer.status for answer in answers) in ([200, 403], [200, 409])
    assert await database.fetchval("SELECT count(*) FROM users WHERE 'admin' = ANY (roles)") == 1
    await database.execute("UPDATE users SET roles = '{admin}' WHERE email = $1", ADMIN.email)
    await database.execute("UPDATE users SET roles = '{}' WHERE id = $1::text::uuid", second.id)


async def test_without_the_lock_no_admin_would_be_left(
    settings: Settings, client: Client, database: Connection
) -> None:
    """The race that the lock ends: each of two sees the other one as the admin who stays."""
    ids = []
    for _ in range(2):
        person = await client.register()
        ids.append(person.id)
    await database.execute("UPDATE users SET roles = '{}'")
    await database.execute("UPDATE users SET roles = '{admin}' WHERE id = ANY ($1::text[]::uuid[])", ids)
    async with Database(settings) as unguarded, unguarded.begin() as one, unguarded.begin() as other:
        seen = [await repository.admins(connection, lock=False) for connection in (one, other)]
        for connection, admins, user_id in zip((one, other), seen, sorted(seen[0]), strict=True):
            assert admins != {user_id}, "not the last one, it seems"
            await repository.change_user(connection, user_id, roles=[])
    assert await database.fetchval("SELECT count(*) FROM users WHERE 'admin' = ANY (roles)") == 0
    await database.execute("UPDATE users SET roles = '{admin}' WHERE email = $1", ADMIN.email)


async def test_an_admin_reads_one_user_and_nobody_else_does(client: Client, admin: Person) -> None:
    person = await client.newcomer()
    found = await client.call("GET", f"/api/users/{person.id}", token=admin.access)
    assert (found.status, found.body["email"], found.body["roles"]) == (200, person.email, [])
    assert "password" not in str(found.body)
    assert (await client.call("GET", f"/api/users/{person.id}", token=person.access)).code == "forbidden"
    assert (await client.call("GET", f"/api/users/{person.id}")).status == 401
    for nobody in ("x", "00000000-0000-4000-8000-000000000000"):
        assert (await client.call("GET", f"/api/users/{nobody}", token=admin.access)).status == 404
