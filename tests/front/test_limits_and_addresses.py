"""How much one client may ask, and who that client is."""

from pathlib import Path

import aiohttp
import pytest

from markethall.front.clients import ClientAddresses
from markethall.front.rate_limits import MAX_CLIENTS, RateLimits
from markethall.kit.errors import TooManyRequests
from markethall.local.nats import EmbeddedNats
from tests.front.neighbours import document, hall


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def admitted(limits: RateLimits, client: str) -> bool:
    try:
        limits.admit(client)
    except TooManyRequests:
        return False
    return True


def test_a_second_of_requests_then_as_many_as_time_gives() -> None:
    clock = Clock()
    limits = RateLimits(4, clock=clock)
    assert [admitted(limits, "a") for _ in range(6)] == [True] * 4 + [False] * 2
    assert admitted(limits, "b")
    clock.now += 0.5
    assert [admitted(limits, "a") for _ in range(3)] == [True, True, False]
    clock.now += 60
    assert [admitted(limits, "a") for _ in range(5)] == [True] * 4 + [False]


def test_nothing_is_limited_unless_it_is_said() -> None:
    limits = RateLimits(None)
    assert all(admitted(limits, "a") for _ in range(10_000))


def test_the_table_of_clients_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("markethall.front.rate_limits.MAX_CLIENTS", 3)
    limits = RateLimits(1, clock=Clock())
    for client in ("a", "b", "c", "d"):
        assert admitted(limits, client)
    assert [admitted(limits, client) for client in ("b", "c", "d")] == [False] * 3
    assert MAX_CLIENTS > 3


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "client"),
    [
        ("", "10.0.0.1", "1.2.3.4", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "10.0.0.2", "1.2.3.4", "10.0.0.2"),
        ("10.0.0.0/8", "10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.7", "1.2.3.4"),
        ("10.0.0.0/8, ::1", "::1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "10.0.0.1", 'evil"', "10.0.0.1"),
        ("10.0.0.1", "10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.1"),
        ("", "proxy", "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        ("", "proxy", "1.2.3.4, proxy", "proxy"),
        ("", "10.0.0.1", "proxy", "10.0.0.1"),
    ],
)
def test_forwarded_addresses_are_believed_from_trusted_proxies_only(
    trusted: str, peer: str, forwarded: str, client: str
) -> None:
    scope = {"client": (peer, 1), "headers": [(b"x-forwarded-for", forwarded.encode())] if forwarded else []}
    assert ClientAddresses(trusted).of(scope) == client


async def test_over_the_limit_is_429_on_every_path(nats: EmbeddedNats) -> None:
    async with hall(nats, rate_limit=2, trusted_proxies="127.0.0.1") as front:
        for path in ("/api/products/x", "/api/stock/x", "/ping"):
            given = {"X-Forwarded-For": f"10.0.0.{len(path)}"}
            while True:
                async with front.http.get(front.url + path, headers=given) as answer:
                    if answer.status == 429:
                        assert (await document(answer))["code"] == "too_many_requests"
                        assert int(answer.headers["Retry-After"]) >= 1
                        break


async def test_the_proxys_own_socket_is_believed_and_the_port_beside_it_is_not(
    nats: EmbeddedNats, tmp_path: Path
) -> None:
    """Whom the limit counts: who is named at the socket, never the proxy itself, and at the port who is connected."""
    path = tmp_path / "front.sock"
    async with (
        hall(nats, rate_limit=1, proxy_socket=path) as front,
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as proxy,
    ):

        async def statuses(http: aiohttp.ClientSession, *named: str) -> set[int]:
            seen = set()
            for name in named:
                headers = {"X-Forwarded-For": name} if name else {}
                async with http.get(f"{front.url}/ping", headers=headers) as answer:
                    seen.add(answer.status)
            return seen

        assert await statuses(proxy, *(f"10.0.0.{n}" for n in range(50))) == {200}
        assert await statuses(proxy, *["10.0.1.1"] * 50) == {200, 429}
        assert await statuses(proxy, *[""] * 50) == {200}
        assert 429 in await statuses(front.http, *(f"10.0.2.{n}" for n in range(50)))
