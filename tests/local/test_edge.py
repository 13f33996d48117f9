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

SLOW_BODY = b"POST /api/users HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Two fronts and two catalogs; bodies must arrive within a second."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MARKETHALL_BODY_TIMEOUT_SECONDS", "1")
        data = tmp_path_factory.mktemp("wide") / "data"
        with running_shop(data, "--no-demo", "--replicas", "front=2,catalog=2") as shop:
            yield shop


def send(shop: Shop, request: bytes) -> bytes:
    """The first of the answer to a request that is sent as it stands."""
    with socket.create_connection(("127.0.0.1", shop.port), timeout=30) as connection:
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


def test_a_front_that_finds_its_port_taken_is_found_at_another(wide: Shop) -> None:
    before = wide.processes("front")[0]
    port = urlsplit(before["url"]).port
    psutil.Process(before["pid"]).kill()
    with taken(port):
        wide.wait(lambda: before["url"] not in str(wide.processes()) and len(wide.processes("front")) == 2, 60, "moved")
        moved = {urlsplit(front["url"]).netloc for front in wide.processes("front")}
        wide.wait(lambda: balanced_over(wide) == moved, 30, "known to the edge")
        wide.wait(lambda: is_ready(wide), 30, "ready")


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


def balanced_over(shop: Shop) -> set[str]:
    config = json.loads((shop.data / "edge" / "caddy.json").read_text())
    handler = config["apps"]["http"]["servers"]["shop"]["routes"][-1]["handle"][0]
    return {upstream["dial"] for upstream in handler["upstreams"]}


def test_a_request_whose_front_died_under_it_may_be_tried_again(wide: Shop) -> None:
    """Both fronts are suspended, take the request, and are killed."""
    fronts = [psutil.Process(entry["pid"]) for entry in wide.processes("front")]
    urls = [entry["url"] for entry in wide.processes("front")]
    for front in fronts:
        front.suspend()
    answers: list[bytes] = []
    body = b'{"email": "a@example.org", "name": "A", "password": "a long password"}'
    head = b"POST /api/users HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    buyer = threading.Thread(target=lambda: answers.append(send(wide, head % len(body) + body)))
    buyer.start()
    wide.wait(lambda: any(unread_bytes(url) > len(body) for url in urls), 30, "sent on")
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


def unread_bytes(url: str) -> int:
    """What has arrived for a server and was not read by it."""
    port = f":{urlsplit(url).port:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(int(row[4].partition(":")[2], 16) for row in rows if row[1].endswith(port) and row[3] == "01")


def test_a_body_that_does_not_arrive_is_refused(wide: Shop) -> None:
    assert send(wide, SLOW_BODY).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_is_too_large_is_refused(wide: Shop) -> None:
    request = urllib.request.Request(f"{wide.url}/api/orders", bytes(2 << 20), {"Content-Type": "application/json"})
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request, timeout=30)
    assert refusal.value.code == 413


def test_only_the_owner_can_change_its_configuration(wide: Shop) -> None:
    config = json.loads(Path(wide.data / "edge" / "caddy.json").read_text())
    assert config["admin"]["listen"] == "unix/admin.sock|0600"
    assert (wide.data / "edge").stat().st_mode & 0o777 == 0o700
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
