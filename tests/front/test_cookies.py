"""Sessions in cookies, and the guard that keeps other sites' pages from using them."""

import asyncio
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from typing import Any

import aiohttp
import msgspec
import pytest

from markethall.local.nats import EmbeddedNats
from tests.front.neighbours import Hall, Seen, document, hall, ok
from tests.support.machine import eventually

SESSION = {
    "access_token": "the-access-token",
    "token_type": "Bearer",
    "expires_in": 600,
    "refresh_token": "the-refresh-token",
    "user": {"id": "1", "email": "a@b.example", "name": "A", "roles": []},
}


@pytest.fixture(scope="module")
async def front(nats: EmbeddedNats) -> AsyncIterator[Hall]:
    async with hall(nats, trusted_proxies="127.0.0.1") as running:
        yield running


@pytest.fixture(autouse=True)
def _accounts(front: Hall) -> None:
    front["accounts"].seen.clear()
    front["orders"].seen.clear()
    front["orders"].script = ok

    def accounts(seen: Seen) -> tuple[int, dict[str, str], bytes]:
        if seen.method == "DELETE":
            return 204, {}, b""
        status = 201 if seen.target == "/api/sessions" else 200
        return status, {"content-type": "application/json"}, msgspec.json.encode(SESSION)

    front["accounts"].script = accounts


async def send(
    front: Hall, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, aiohttp.ClientResponse, Any]:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    async with front.http.request(method, front.url + path, json=body, headers=given) as answer:
        content = await document(answer) if answer.content_length else None
        return answer.status, answer, content


def cookies_set(answer: aiohttp.ClientResponse) -> SimpleCookie:
    jar = SimpleCookie()
    for line in answer.headers.getall("Set-Cookie", []):
        jar.load(line)
    return jar


async def signed_in(front: Hall) -> tuple[str, str]:
    """The cookies as a browser sends them, and the value that its page repeats."""
    _, answer, body = await send(front, "POST", "/api/sessions", {"email": "a", "password": "b"}, X_Session="cookie")
    jar = cookies_set(answer)
    return "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items()), body["csrf_token"]


async def test_no_token_reaches_the_page(front: Hall) -> None:
    status, answer, body = await send(front, "POST", "/api/sessions", {}, X_Session="cookie")
    assert (status, body["expires_in"], body["user"]["email"]) == (201, 600, "a@b.example")
    assert "the-" not in msgspec.json.encode(body).decode()
    jar = cookies_set(answer)
    assert jar["markethall_session"].value == "the-access-token"
    assert jar["markethall_refresh"]["path"] == "/api/sessions"
    assert jar["markethall_csrf"].value == body["csrf_token"]
    for name, hidden in (("markethall_session", True), ("markethall_refresh", True), ("markethall_csrf", False)):
        assert bool(jar[name]["httponly"]) is hidden
        assert jar[name]["samesite"] == "Lax"
        assert not jar[name]["secure"]


async def test_over_tls_the_cookies_stay_there(front: Hall) -> None:
    _, answer, _ = await send(front, "POST", "/api/sessions", {}, X_Session="cookie", X_Forwarded_Proto="https")
    assert all(morsel["secure"] for morsel in cookies_set(answer).values())


async def test_without_asking_for_cookies_there_are_none(front: Hall) -> None:
    _, answer, body = await send(front, "POST", "/api/sessions", {})
    assert body == SESSION
    assert not cookies_set(answer)


async def test_the_cookie_says_who_asks(front: Hall) -> None:
    cookie, csrf = await signed_in(front)
    assert (await send(front, "GET", "/api/orders", Cookie=cookie))[0] == 200
    assert (await send(front, "POST", "/api/carts", {}, Cookie=cookie, X_CSRF_Token=csrf))[0] == 200
    assert [seen.headers["authorization"] for seen in front["orders"].seen] == ["Bearer the-access-token"] * 2
    assert all("cookie" not in seen.headers for seen in front["orders"].seen)


@pytest.mark.parametrize("path", ["/api/carts", "/api/orders", "/api/sessions/refresh"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X_CSRF_Token": "wrong"},
        {"X_CSRF_Token": "right", "Sec_Fetch_Site": "cross-site"},
        {"X_CSRF_Token": "right", "Sec_Fetch_Site": "same-site"},
        {"X_CSRF_Token": "right", "Origin": "https://evil.example"},
        {"X_CSRF_Token": "right", "Origin": "null"},
    ],
)
async def test_another_sites_page_changes_nothing(front: Hall, path: str, headers: dict[str, str]) -> None:
    cookie, csrf = await signed_in(front)
    front["accounts"].seen.clear()
    given = {name: csrf if value == "right" else value for name, value in headers.items()}
    more = {"X_Session": "cookie"} if "sessions" in path else {}
    status, _, problem = await send(front, "POST", path, {}, Cookie=cookie, **given, **more)
    assert (status, problem["code"]) == (403, "cross_site")
    assert not front["orders"].seen
    assert not front["accounts"].seen


async def test_the_shops_own_page_may(front: Hall) -> None:
    cookie, csrf = await signed_in(front)
    given = {"Cookie": cookie, "X_CSRF_Token": csrf, "Sec_Fetch_Site": "same-origin", "Origin": front.url}
    assert (await send(front, "POST", "/api/carts", {}, **given))[0] == 200


async def test_a_bearer_token_needs_no_guard_and_goes_first(front: Hall) -> None:
    cookie, _ = await signed_in(front)
    status, _, _ = await send(front, "POST", "/api/carts", {}, Cookie=cookie, Authorization="Bearer other")
    assert status == 200
    assert front["orders"].seen[0].headers["authorization"] == "Bearer other"


async def test_refreshing_takes_the_token_from_its_cookie(front: Hall) -> None:
    cookie, csrf = await signed_in(front)
    given = {"Cookie": cookie, "X_CSRF_Token": csrf, "X_Session": "cookie"}
    status, answer, body = await send(front, "POST", "/api/sessions/refresh", **given)
    assert status == 200
    assert "refresh_token" not in body
    assert cookies_set(answer)["markethall_refresh"].value == "the-refresh-token"
    seen = front["accounts"].seen[-1]
    assert msgspec.json.decode(seen.body) == {"refresh_token": "the-refresh-token"}


async def test_signing_out_and_a_refused_refresh_forget_the_session(front: Hall) -> None:
    cookie, csrf = await signed_in(front)
    given = {"Cookie": cookie, "X_CSRF_Token": csrf}
    _, answer, _ = await send(front, "DELETE", "/api/sessions/current", **given)
    forgotten = cookies_set(answer)
    assert {morsel["max-age"] for morsel in forgotten.values()} == {"0"}
    assert len(forgotten) == 3
    front["accounts"].script = lambda seen: (401, {"content-type": "application/problem+json"}, b"{}")
    _, answer, _ = await send(front, "POST", "/api/sessions/refresh", **given, X_Session="cookie")
    assert len(cookies_set(answer)) == 3
    _, answer, _ = await send(front, "GET", "/api/users/me", Cookie=cookie)
    assert list(cookies_set(answer)) == ["markethall_session"], "the page may still refresh"


async def test_pages_that_refresh_with_the_same_cookie_at_once_share_one_answer(front: Hall) -> None:
    """Sent one after the other, the second would end the session: its token has been exchanged by then."""
    cookie, csrf = await signed_in(front)
    given = {"Cookie": cookie, "X_CSRF_Token": csrf, "X_Session": "cookie"}
    front["accounts"].seen.clear()
    is_back = asyncio.Event()

    async def late(seen: Seen) -> tuple[int, dict[str, str], bytes]:
        await is_back.wait()
        return 200, {"content-type": "application/json"}, msgspec.json.encode(SESSION)

    front["accounts"].script = late  # type: ignore[assignment]
    waiting = [asyncio.create_task(send(front, "POST", "/api/sessions/refresh", **given)) for _ in range(2)]
    await eventually(lambda: len(front["accounts"].seen) > 0)
    foreign = await send(front, "POST", "/api/sessions/refresh", **given | {"X_CSRF_Token": "wrong"})
    other = given | {"Cookie": cookie.replace("the-refresh-token", "another-token")}
    waiting.append(asyncio.create_task(send(front, "POST", "/api/sessions/refresh", **other)))
    await eventually(lambda: len(front["accounts"].seen) > 1)
    is_back.set()
    answers = await asyncio.gather(*waiting)
    assert foreign[0] == 403, "the guard is asked each time"
    assert [msgspec.json.decode(seen.body)["refresh_token"] for seen in front["accounts"].seen] == [
        "the-refresh-token",
        "another-token",
    ]
    for status, answer, _ in answers:
        assert status == 200
        assert cookies_set(answer)["markethall_refresh"].value == "the-refresh-token"
    front["accounts"].seen.clear()
    await send(front, "POST", "/api/sessions/refresh", **given)
    assert len(front["accounts"].seen) == 1, "the next one is asked anew"
