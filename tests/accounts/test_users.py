"""Registration, profile, erasure, and what admins do."""

import asyncio
import json
from typing import TypeAlias

import asyncpg
import pytest

from tests.accounts.client import PASSWORD, Client, Person

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def test_a_registered_user_signs_in_and_sees_the_profile(client: Client) -> None:
    answer = await client.call(
        "POST", "/api/users", {"email": "Ada@Example.COM", "name": "  Ada ", "password": PASSWORD}
    )
    assert answer.status == 201
    assert answer.body == {"id": answer.body["id"], "email": "Ada@example.com", "name": "Ada"}
    ada = await client.sign_in(Person(answer.body["id"], "ada@example.com", PASSWORD))
    assert ada.tokens["token_type"] == "Bearer"
    assert ada.tokens["expires_in"] == 900
    assert ada.tokens["user"] == {"id": ada.id, "email": "Ada@example.com", "name": "Ada", "roles": []}
    profile = await client.call("GET", "/api/users/me", token=ada.access)
    assert profile.status == 200
    assert profile.body.items() >= ada.tokens["user"].items()
    assert set(profile.body) == {"id", "email", "name", "roles", "created_at"}
    assert profile.body["created_at"].endswith("Z")
    assert profile.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("case@example.com", "CASE@example.COM"),
        ("strasse@example.com", "straße@example.com"),
        ("wide@example.com", "ｗｉｄｅ@example.com"),
        ("x@bücher.example", "x@xn--bcher-kva.example"),
    ],
)
async def test_an_address_is_taken_in_every_spelling(client: Client, first: str, second: str) -> None:
    await client.register(first)
    answer = await client.call("POST", "/api/users", {"email": second, "name": "B", "password": PASSWORD})
    assert (answer.status, answer.code) == (409, "email_taken")
    assert (await client.try_sign_in(second, PASSWORD)).status == 201


async def test_of_many_registrations_at_once_with_one_address_one_succeeds(client: Client) -> None:
    body = {"name": "A", "password": PASSWORD}
    spellings = ["once@example.com", "ONCE@example.com", "Once@Example.com"] * 4
    answers = await asyncio.gather(*(client.call("POST", "/api/users", body | {"email": e}) for e in spellings))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 11


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "no address"),
        ("email", "a@b@c.example"),
        ("email", "a@example.com\r\nBcc: b@example.com"),
        ("email", "a" * 250 + "@example.com"),
        ("email", "nul\x00@example.com"),
        ("email", ""),
        ("email", 5),
        ("email", None),
        ("email", ["a@example.com"]),
        ("name", ""),
        ("name", "   "),
        ("name", "n" * 10_000),
        ("name", "nul\x00"),
        ("password", "seven77"),
        ("password", "p" * 257),
        ("password", "eight888\x00"),
        ("password", 12345678),
        ("roles", ["admin"]),
        ("id", "6f1c1c1e-7f1e-4a51-8f3c-111111111111"),
    ],
)
async def test_a_registration_that_is_not_valid_names_the_field(client: Client, field: str, value: object) -> None:
    body = {"email": "valid@example.com", "name": "Valid", "password": PASSWORD, field: value}
    answer = await client.call("POST", "/api/users", body)
    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.body["errors"]
    if field in ("email", "name", "password"):
        assert answer.body["errors"][0]["field"] == field
    assert PASSWORD not in json.dumps(answer.body)


@pytest.mark.parametrize("field", ["email", "name", "password"])
async def test_nothing_may_be_left_out_of_a_registration(client: Client, field: str) -> None:
    body = {"email": "valid@example.com", "name": "Valid", "password": PASSWORD}
    del body[field]
    answer = await client.call("POST", "/api/users", body)
    assert (answer.status, answer.code) == (422, "invalid")


@pytest.mark.parametrize(
    ("raw", "media", "status", "code"),
    [
        (b'{"email": "a@example.com"', "application/json", 400, "unreadable"),
        (b'{"email": "\\ud800", "name": "A", "password": "12345678"}', "application/json", 400, "unreadable"),
        (b'{"name": "a", "name": "b"}', "application/json", 400, "duplicate_key"),
        (b"email=a", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b'{"name": "' + b"a" * (1 << 20) + b'"}', "application/json", 413, "too_large"),
        (b"[]", "application/json", 422, "invalid"),
        (b"null", "application/json", 422, "invalid"),
        (b"", "application/json", 400, "unreadable"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(
    client: Client, raw: bytes, media: str, status: int, code: str
) -> None:
    for path in ("/api/users", "/api/sessions", "/api/sessions/refresh"):
        answer = await client.call("POST", path, raw=raw, Content_Type=media)
        assert (answer.status, answer.code) == (status, code), path


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE users; --", "../../etc/passwd", "\r\nSet-Cookie: a=b", "名前 👩‍👩‍👧 𝔄𝔡𝔞", "\x1b[2J", "%00"]
)
async def test_any_text_is_a_name_and_a_password(client: Client, text: str) -> None:
    person = await client.sign_in(await client.register(name=f"x{text}", password=f"12345678{text}"))
    profile = await client.call("GET", "/api/users/me", token=person.access)
    assert profile.body["name"] == f"x{text}"
    assert (await client.try_sign_in(person.email, "12345678")).status == 401


async def test_a_password_is_the_same_however_its_characters_are_composed(client: Client) -> None:
    person = await client.register(password="caf\u00e9-noir")
    assert (await client.try_sign_in(person.email, "cafe\u0301-noir")).status == 201


async def test_what_is_changed_in_a_profile_is_changed_and_no_more(client: Client) -> None:
    person = await client.newcomer()
    renamed = await client.call("PATCH", "/api/users/me", {"name": "Grace"}, token=person.access)
    assert (renamed.status, renamed.body["name"], renamed.body["email"]) == (200, "Grace", person.email)
    moved = await client.call("PATCH", "/api/users/me", {"email": f"new-{person.email}"}, token=person.access)
    assert (moved.body["name"], moved.body["email"]) == ("Grace", f"new-{person.email}")
    assert (await client.call("PATCH", "/api/users/me", {}, token=person.access)).body == moved.body
    assert (await client.try_sign_in(person.email, person.password)).status == 401
    assert (await client.try_sign_in(f"NEW-{person.email}", person.password)).status == 201


async def test_an_address_of_somebody_else_cannot_be_taken(client: Client) -> None:
    one, other = await client.newcomer(), await client.newcomer()
    answer = await client.call("PATCH", "/api/users/me", {"email": other.email.upper()}, token=one.access)
    assert (answer.status, answer.code) == (409, "email_taken")
    respelled = await client.call("PATCH", "/api/users/me", {"email": one.email.upper()}, token=one.access)
    assert respelled.status == 200


async def test_a_new_password_takes_the_current_one_and_ends_other_sessions(client: Client) -> None:
    person = await client.newcomer()
    elsewhere = await client.sign_in(person)
    new = "another good password"
    for current in (None, "wrong password"):
        body = {"password": new} | ({"current_password": current} if current else {})
        refused = await client.call("PATCH", "/api/users/me", body, token=person.access)
        assert (refused.status, refused.body["errors"][0]["field"]) == (422, "current_password")
    changed = await client.call(
        "PATCH", "/api/users/me", {"password": new, "current_password": person.password}, token=person.access
    )
    assert changed.status == 200
    assert (await client.try_sign_in(person.email, person.password)).status == 401
    assert (await client.try_sign_in(person.email, new)).status == 201
    assert (await client.call("GET", "/api/users/me", token=person.access)).status == 200
    assert (await client.refresh(person.refresh)).status == 200
    assert (await client.call("GET", "/api/users/me", token=elsewhere.access)).code == "session_ended"
    assert (await client.refresh(elsewhere.refresh)).code == "session_ended"


async def test_an_erased_user_is_gone_but_for_the_id(client: Client, database: Connection) -> None:
    person = await client.newcomer()
    assert (await client.call("DELETE", "/api/users/me", token=person.access)).status == 204
    assert (await client.call("GET", "/api/users/me", token=person.access)).code == "session_ended"
    assert (await client.call("DELETE", "/api/users/me", token=person.access)).status == 401
    assert (await client.refresh(person.refresh)).code == "invalid_refresh_token"
    assert (await client.try_sign_in(person.email, person.password)).code == "wrong_credentials"
    assert await database.fetchval("SELECT count(*) FROM users WHERE id = $1::text::uuid", person.id) == 0
    assert await database.fetchval("SELECT count(*) FROM erased_users WHERE id = $1::text::uuid", person.id) == 1
    again = await client.register(person.email)
    assert again.id != person.id


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/users/me"),
        ("PATCH", "/api/users/me"),
        ("DELETE", "/api/users/me"),
        ("DELETE", "/api/sessions/current"),
        ("GET", "/api/users"),
        ("PATCH", "/api/users/6f1c1c1e-7f1e-4a51-8f3c-111111111111"),
    ],
)
async def test_who_is_not_signed_in_is_told_so(client: Client, method: str, path: str) -> None:
    # Before anything is said about what was sent.
    nobody = await client.call(method, path, {"no": "field"} if method == "PATCH" else None)
    assert (nobody.status, nobody.code) == (401, "unauthenticated")
    assert nobody.headers["www-authenticate"] == "Bearer"
    forged = await client.call(method, path, {} if method == "PATCH" else None, token="e30.e30.AAAA")
    assert (forged.status, forged.code) == (401, "invalid_token")


async def test_the_documentation_names_every_route(client: Client) -> None:
    document = (await client.call("GET", "/openapi.json")).body
    served = {(path, method) for path, item in document["paths"].items() for method in item if path.startswith("/api")}
    assert served == {
        ("/api/users", "get"),
        ("/api/users", "post"),
        ("/api/users/me", "get"),
        ("/api/users/me", "patch"),
        ("/api/users/me", "delete"),
        ("/api/users/{user_id}", "get"),
        ("/api/users/{user_id}", "patch"),
        ("/api/sessions", "post"),
        ("/api/sessions/refresh", "post"),
        ("/api/sessions/current", "delete"),
    }
    for path, method in served:
        operation = document["paths"][path][method]
        assert operation["summary"]
        assert operation["tags"] == ["accounts"]
        assert "503" in operation["responses"]
