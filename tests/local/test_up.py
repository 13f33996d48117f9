"""`markethall up`: one command, a whole shop; what it refuses, what it restores."""

import json
import re
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from markethall.local.folder import FORMAT
from tests.support.shop import MARKETHALL, Shop, alive, running_shop

PARTS = {"postgres", "nats", "front", "catalog", "inventory", "orders", "accounts"}
MAX_PSS_MIB = 600


@pytest.fixture(scope="module")
def own_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop whose processes this module may kill."""
    with running_shop(tmp_path_factory.mktemp("up") / "data", "--no-demo") as shop:
        yield shop


def family(shop: Shop) -> list[psutil.Process]:
    assert shop._process is not None
    supervisor = psutil.Process(shop._process.pid)
    return [supervisor, *supervisor.children(recursive=True)]


def up(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A `markethall up` that is expected to refuse."""
    return subprocess.run([*MARKETHALL, "up", *arguments], capture_output=True, text=True, timeout=60, check=False)


def is_ready(shop: Shop) -> bool:
    try:
        with urllib.request.urlopen(f"{shop.url}/health/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def register(shop: Shop, email: str) -> int:
    return call(shop, "/api/users", {"email": email, "name": "A Buyer", "password": "a long password"})


def sign_in(shop: Shop, email: str) -> int:
    return call(shop, "/api/sessions", {"email": email, "password": "a long password"})


def call(shop: Shop, path: str, body: dict[str, str]) -> int:
    request = urllib.request.Request(
        shop.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return int(answer.status)


def test_every_process_is_named(own_shop: Shop) -> None:
    entries = own_shop.processes()
    assert {entry["service"] for entry in entries} == PARTS
    assert all(alive(entry["pid"]) for entry in entries)
    for entry in entries:
        if entry["url"].startswith("http"):
            with urllib.request.urlopen(f"{entry['url']}/ping", timeout=5) as answer:
                assert answer.read() == b"pong"


def test_the_address_is_printed_last(own_shop: Shop) -> None:
    own_shop.wait(lambda: "open at" in own_shop.tail(), 30, "open")
    lines = own_shop.tail().splitlines()
    assert lines[-1] == f"Markethall is open at {own_shop.url}"
    assert lines[-2] == f"Admin: {own_shop.admin_email}, password {own_shop.admin_password}"


def test_only_the_public_port_is_seen_from_outside(own_shop: Shop) -> None:
    listening = {c.laddr.ip for process in family(own_shop) for c in process.net_connections() if c.status == "LISTEN"}
    assert listening == {"127.0.0.1"}


def test_idle_it_takes_little_memory(own_shop: Shop) -> None:
    pss = sum(process.memory_full_info().pss for process in family(own_shop))
    assert pss < MAX_PSS_MIB * 2**20


@pytest.mark.parametrize("service", ["front", "catalog", "inventory", "orders", "accounts", "nats"])
def test_what_is_killed_comes_back(own_shop: Shop, service: str) -> None:
    own_shop.kill(service)
    own_shop.wait(lambda: is_ready(own_shop), 30, "ready")


def test_a_killed_database_comes_back_with_its_data(own_shop: Shop) -> None:
    assert register(own_shop, "before-the-crash@example.org") == 201
    own_shop.kill("postgres")
    own_shop.wait(lambda: is_ready(own_shop), 30, "ready")
    own_shop.wait(lambda: sign_in(own_shop, "before-the-crash@example.org") == 201, 30, "signed in")


def test_logs_are_json_lines(own_shop: Shop) -> None:
    logs = {path.name.removesuffix("-1.jsonl"): path for path in (own_shop.data / "logs").iterdir()}
    assert {*PARTS, "up"} <= set(logs)
    for path in logs.values():
        records = [json.loads(line) for line in path.read_text().splitlines()]
        assert all(isinstance(record, dict) for record in records)


def test_a_second_up_on_the_folder_is_refused(own_shop: Shop) -> None:
    refused = up("--data", str(own_shop.data), "--port", "0")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert re.fullmatch(r"markethall: another `markethall up` is running on .*\n", refused.stderr)
    assert is_ready(own_shop)


def test_a_taken_port_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = up("--data", str(tmp_path / "data"), "--port", str(port))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert re.fullmatch(rf"markethall: port {port} of 127\.0\.0\.1 is taken: .*\n", refused.stderr)
    assert not (tmp_path / "data").exists()


def test_an_address_of_another_machine_is_refused(tmp_path: Path) -> None:
    refused = up("--data", str(tmp_path / "data"), "--host", "192.0.2.1")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert re.fullmatch(r"markethall: cannot listen on port 8080 of 192\.0\.2\.1: .*\n", refused.stderr)


def test_no_address_is_not_every_address(tmp_path: Path) -> None:
    """As where a shell's variable is not set."""
    refused = up("--data", str(tmp_path / "data"), "--host", "")
    assert refused.returncode == 2
    assert "--host" in refused.stderr
    assert not (tmp_path / "data").exists()


def test_a_folder_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "VERSION").write_text(f"{FORMAT + 1}\n")
    refused = up("--data", str(tmp_path), "--port", "0")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert re.fullmatch(r"markethall: .* was written by a newer Markethall .*\n", refused.stderr)


@pytest.mark.parametrize(
    "replicas", ["front=0", "front=17", "front", "shelf=2", "front=two", "front=٣", "front=" + "9" * 5000]
)
def test_replicas_that_make_no_sense_are_refused(tmp_path: Path, replicas: str) -> None:
    refused = up("--data", str(tmp_path / "data"), "--replicas", replicas)
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "data").exists()


def test_if_a_part_cannot_start_nothing_is_left_running(tmp_path: Path) -> None:
    """PostgreSQL's control file is gone: NATS and the others must not stay behind."""
    data = tmp_path / "data"
    with running_shop(data, "--no-demo"):
        pass
    (data / "postgres" / "global" / "pg_control").unlink()
    refused = up("--data", str(data), "--port", "0")
    assert refused.returncode == 1
    assert re.fullmatch(r"markethall: PostgreSQL does not start: .*\(see .*postgres-1\.jsonl\)\n", refused.stderr)
    assert json.loads((data / "processes.json").read_text()) == []
    assert not processes_of(data)


def processes_of(data: Path) -> list[psutil.Process]:
    """Whatever runs in the folder, or was told of it."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(data) in " ".join(process.cmdline()) or process.cwd().startswith(str(data)):
                found.append(process)
        except psutil.Error:
            continue
    return found
