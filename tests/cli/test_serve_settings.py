"""`markethall serve` with settings that are wrong: a line for each, before anything starts."""

import os
import socket
import subprocess
import sys

import pytest

DATABASE = "postgresql://a:b@127.0.0.1:1/x"


def serve(service: str, **settings: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MARKETHALL_")}
    return subprocess.run(
        [sys.executable, "-m", "markethall", "serve", service],
        env=inherited | {f"MARKETHALL_{name}": value for name, value in settings.items()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "value", "should"),
    [
        ("PORT", "abc", "should be a valid integer"),
        ("PORT", "99999", "should be less than or equal to 65535"),
        ("HOST", "300.1.1.1", "should be an address of this machine"),
        ("LOG_LEVEL", "loud", "should be one of debug, info"),
        ("TRUSTED_PROXIES", "foo", "should be IP addresses or networks"),
        ("DATABASE_URL", "nonsense-secret", "should be postgresql://"),
        ("DATABASE_URL", "postgresql://a:secret@host:port/x", "should be postgresql://"),
        ("DATABASE_URL", "", "is missing"),
        ("DATABASE_READ_URL", f"{DATABASE}?target_session_attrs=secret", "should have as target_session_attrs one of"),
        ("BUS_URL", "http://a:secret@host", "should be nats://"),
        ("MQTT_URL", "foo", "should be mqtt://"),
        ("REPLICA", "a b", "should be a name"),
        ("UPSTREAMS", "xx", "should be 'service=http://host:port"),
        ("UPSTREAMS", "catalog=foo", "should be 'service=http://host:port"),
        ("ADVERTISE", "foo", "should be an address, as http://host:port"),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_starts(name: str, value: str, should: str) -> None:
    done = serve("orders", **({"DATABASE_URL": DATABASE, "JOIN_SECONDS": "0.1"} | {name: value}))
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"markethall: MARKETHALL_{name} ")
    assert should in line
    assert "secret" not in line
    assert (done.returncode, done.stdout) == (2, "")


def test_each_wrong_setting_gets_its_line() -> None:
    done = serve("front", PORT="abc", LOG_LEVEL="loud")
    assert [line.split()[1] for line in done.stderr.splitlines()] == ["MARKETHALL_PORT", "MARKETHALL_LOG_LEVEL"]


def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = serve("front", PORT=port, CURRENCY="EUR")
    (line,) = done.stderr.splitlines()
    assert line.startswith("markethall: MARKETHALL_PORT should be")
    assert port in line
    assert (done.returncode, done.stdout) == (2, "")
