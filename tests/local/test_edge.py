"""Several fronts behind one address."""

import contextlib
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from tests.local.test_up import is_ready, register, sign_in
from tests.support.shop import Shop, running_shop
from tests.support.unheard import unheard_bytes

SLOW_BODY = b"POST /api/users HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Two fronts and two catalogs; bodies must arrive within a second, and few may register from one address."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MARKETHALL_BODY_TIMEOUT_SECONDS", "1")
        environment.setenv("MARKETHALL_REGISTRATIONS_PER_MINUTE", "5")
        data = tmp_path_factory.mktemp("wide") / "data"
        with running_shop(data, "--no-demo", "--replicas", "front=2,catalog=2") as shop:
            yield shop


def send(shop: Shop, request: bytes, source: str = "127.0.0.1") -> bytes:
    """The first of the answer to a request that is sent as it stands."""
    with socket.create_connection(("127.0.0.1", shop.port), timeout=30, source_address=(source, 0)) as connection:
        connection.sendall(request)
        return connection.recv(65536)


def test_the_edge_has_the_public_address(wide: Shop) -> None:
    counts = {service: len(wide.processes(service)) for service in ("edge", "front", "catalog", "orders")}
    assert counts == {"edge": 1, "front": 2, "catalog": 2, "orders": 1}
    assert wide.processes("edge")[0]["url"] == wide.url
    assert wide.url not in {front["url"] for front in wide.processes("front")}


@pytest.mark.parametrize("victim", ["front", "edge"])
def test_it_outlives_the_death_of_either(wide: Shop, victim: str) -> None:
    assert register(wide, f"{victim}@example.org") == 201
    wide.kill(victim)
    wide.wait(lambda: is_ready(wide), 30, "ready")
    assert sign_in(wide, f"{victim}@example.org") == 201


def test_a_front_that_refuses_connections_is_passed_over(wide: Shop) -> None:
    """Readers see nothing of a front that is killed and started again."""
    failures: list[str] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                with urllib.request.urlopen(f"{wide.url}/ping", timeout=20) as answer:
                    answer.read()
            except OSError as error:
                failures.append(str(error))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        for replica in (0, 1):
            wide.kill("front", replica)
            wide.wait(lambda: is_ready(wide), 30, "ready")
    finally:
        stop.set()
        for reader in readers:
            reader.join(30)
    assert failures == []


def test_a_front_that_finds_its_port_taken_serves_at_another_and_the_edge_finds_it(wide: Shop) -> None:
    before = wide.processes("front")[0]
    port = urlsplit(before["url"]).port
    psutil.Process(before["pid"]).kill()
    with taken(port):
        wide.wait(lambda: before["url"] not in str(wide.processes()) and len(wide.processes("front")) == 2, 60, "moved")
        seen: set[str] = set()
        wide.wait(lambda: seen.add(who_answers(wide)) or seen >= {"1", "2"}, 30, "both found")  # type: ignore[func-returns-value]


@contextlib.contextmanager
def taken(port: int | None) -> Iterator[None]:
    """Takes the port as soon as it is free, and faster than anybody else."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        deadline = time.monotonic() + 10
        while True:
            try:
                server.bind(("127.0.0.1", port or 0))
                break
            except OSError:
                assert time.monotonic() < deadline
        server.listen()
        yield


def who_answers(shop: Shop) -> str:
    """The number of a front."""
    with urllib.request.urlopen(f"{shop.url}/health/live", timeout=10) as answer:
        return str(json.load(answer)["replica"])


def test_a_request_whose_front_died_under_it_may_be_tried_again(wide: Shop) -> None:
    """Both fronts are suspended, take the request, and are killed."""
    fronts = [psutil.Process(entry["pid"]) for entry in wide.processes("front")]
    [edge] = wide.processes("edge")
    for front in fronts:
        front.suspend()
    answers: list[bytes] = []
    # Larger than the edge's questions about their health, which wait there too.
    request = registration("a@example.org", name="A" * 20_000)
    buyer = threading.Thread(target=lambda: answers.append(send(wide, request)))
    buyer.start()
    wide.wait(lambda: unheard_bytes(edge["pid"]) > 20_000, 30, "sent on")
    for front in fronts:
        front.kill()
    buyer.join(30)
    status, _, rest = answers[0].partition(b"\r\n")
    assert status == b"HTTP/1.1 503 Service Unavailable"
    headers, _, document = rest.partition(b"\r\n\r\n")
    assert b"Retry-After: 1" in headers
    assert b"Content-Type: application/problem+json" in headers
    assert json.loads(document)["code"] == "unavailable"
    wide.wait(lambda: is_ready(wide), 30, "ready")


def test_each_buyer_is_known_by_an_address_of_their_own(wide: Shop) -> None:
    """Registrations from one address are limited; those from another are not held against it."""

    def register_from(source: str, number: int) -> bytes:
        return send(wide, registration(f"{source}-{number}@example.org"), source)[:12]

    assert [register_from("127.0.0.2", number) for number in range(6)] == [b"HTTP/1.1 201"] * 5 + [b"HTTP/1.1 429"]
    assert register_from("127.0.0.3", 0) == b"HTTP/1.1 201"


def registration(email: str, name: str = "A Buyer") -> bytes:
    body = json.dumps({"email": email, "name": name, "password": "a long password"}).encode()
    head = "POST /api/users HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: "
    return f"{head}{len(body)}\r\n\r\n".encode() + body


def test_a_body_that_does_not_arrive_is_refused(wide: Shop) -> None:
    assert send(wide, SLOW_BODY).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_is_too_large_is_refused(wide: Shop) -> None:
    request = urllib.request.Request(f"{wide.url}/api/orders", bytes(2 << 20), {"Content-Type": "application/json"})
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request, timeout=30)
    assert refusal.value.code == 413


def test_nobody_can_change_its_configuration_and_only_the_owner_can_reach_what_is_behind_it(wide: Shop) -> None:
    config = json.loads(Path(wide.data / "edge" / "caddy.json").read_text())
    assert config["admin"]["disabled"] is True
    assert (wide.data / "edge").stat().st_mode & 0o777 == 0o700
    assert {path.name for path in (wide.data / "edge").iterdir() if path.is_socket()} == {
        "front-1.sock",
        "front-2.sock",
    }
    pids = {entry["pid"] for entry in wide.processes("edge")}
    listening = [c for c in psutil.net_connections("tcp") if c.status == "LISTEN" and c.pid in pids]
    assert 2019 not in {connection.laddr.port for connection in listening}


def test_an_edge_whose_fronts_are_silent_is_not_taken_for_wedged(wide: Shop) -> None:
    """They are ended and started again; it is not, and keeps its buyers' connections."""
    [edge], fronts = wide.processes("edge"), wide.processes("front")
    for front in fronts:
        psutil.Process(front["pid"]).suspend()
    silent = {front["pid"] for front in fronts}
    wide.wait(lambda: not silent & {front["pid"] for front in wide.processes("front")}, 90, "fronts anew")
    wide.wait(lambda: is_ready(wide), 60, "ready")
    assert wide.processes("edge") == [edge]
