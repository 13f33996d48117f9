"""How a shop ends: by a signal, by `kill -9`, in the middle of its start; and how it starts again after that."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.local.ordinary import IS_ROOT, OrdinaryPython, copied_python
from tests.local.test_up import family, processes_of, register, sign_in
from tests.support.shop import MARKETHALL, Shop, alive, running_shop

SECONDS = 90


@pytest.fixture
def own_shop(tmp_path: Path) -> Iterator[Shop]:
    with running_shop(tmp_path / "data", "--no-demo") as shop:
        yield shop


def kill(shop: Shop) -> None:
    assert shop._process is not None
    shop._process.kill()
    shop._process.wait(10)


def test_a_supervisor_that_is_killed_takes_all_with_it_and_the_next_recovers(own_shop: Shop) -> None:
    assert register(own_shop, "kept@example.org") == 201
    everyone = [process.pid for process in family(own_shop)]
    kill(own_shop)
    own_shop.wait(lambda: not any(alive(pid) for pid in everyone), 30, "everybody gone")
    own_shop.start()
    assert sign_in(own_shop, "kept@example.org") == 201


def test_when_everything_was_killed_the_next_start_recovers(own_shop: Shop) -> None:
    assert register(own_shop, "kept@example.org") == 201
    own_shop.kill_everything()
    own_shop.start()
    assert sign_in(own_shop, "kept@example.org") == 201


def test_a_supervisor_may_be_replaced_before_its_database_has_ended(own_shop: Shop) -> None:
    """The old PostgreSQL is suspended, and does not hear of its parent's end."""
    assert register(own_shop, "kept@example.org") == 201
    postgres = psutil.Process(own_shop.processes("postgres")[0]["pid"])
    postgres.suspend()
    kill(own_shop)
    assert alive(postgres.pid)
    own_shop.start()
    assert not alive(postgres.pid)
    assert sign_in(own_shop, "kept@example.org") == 201


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything(own_shop: Shop, number: signal.Signals) -> None:
    everyone = [process.pid for process in family(own_shop)]
    assert own_shop._process is not None
    own_shop._process.send_signal(number)
    assert own_shop._process.wait(60) == 0
    assert not any(alive(pid) for pid in everyone)
    assert own_shop.processes() == []


def test_a_signal_in_the_middle_of_the_start_ends_everything(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with subprocess.Popen(
        [*MARKETHALL, "up", "--data", str(data), "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as starting:
        assert starting.stdout is not None
        assert any("catalog 1 starting" in line for line in starting.stdout)
        starting.send_signal(signal.SIGINT)
        assert "open at" not in starting.stdout.read()
    assert starting.returncode == 0
    assert not processes_of(data)


def start_and_stop(python: OrdinaryPython, data: Path) -> set[int]:
    """Runs a shop with that interpreter until it is open, and its databases have changed places; the users that its
    processes ran as."""
    with (data.parent / "out").open("w+") as output:
        process = python.popen(
            "-m",
            "markethall",
            "up",
            "--no-demo",
            "--port",
            "0",
            "--read-replicas",
            "1",
            "--data",
            str(data),
            cwd="/",
            stdout=output,
            stderr=output,
        )
        shop = Shop(data)
        shop.output = Path(output.name)
        shop._process = process  # type: ignore[assignment]
        try:
            shop.wait(lambda: "open at" in shop.tail() or process.poll() is not None, SECONDS, "open")
            with python.popen("-m", "markethall", "promote", "--data", str(data), cwd="/", stdout=-1) as promoting:
                said, _ = promoting.communicate(timeout=SECONDS)
            assert "node 1 rewound, follows node 2" in said
            users = {psutil.Process(entry["pid"]).uids().real for entry in shop.processes()}
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0, shop.tail()
    assert json.loads((data / "processes.json").read_text()) == []
    return users


def test_an_ordinary_user_can_run_it_from_a_path_with_spaces(ordinary: OrdinaryPython, enterable: Path) -> None:
    home = enterable / "a shop of  mine"
    home.mkdir()
    home.chmod(0o777)
    users = start_and_stop(ordinary, home / "the data")
    assert len(users) == 1
    assert 0 not in users


def test_it_runs_from_a_checkout_that_others_may_not_enter(
    tmp_path: Path, enterable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root's own: PostgreSQL must run as `nobody`, who can read neither the programs nor the way to the data."""
    closed = tmp_path / "closed and spaced"
    closed.mkdir(mode=0o700)
    monkeypatch.setenv("MARKETHALL_CACHE", str(enterable / "cache"))
    users = start_and_stop(copied_python(closed), closed / "data")
    assert len(users) == (2 if IS_ROOT else 1)
    assert (enterable / "cache").exists() is IS_ROOT


def test_a_shop_of_one_front_opens_again_with_several(tmp_path: Path) -> None:
    """The one front had the public port; the edge has it now, and no front."""
    with running_shop(tmp_path / "data", "--no-demo") as shop:
        for replicas in (2, 1):
            assert shop.stop() == 0
            shop.arguments = ("--no-demo", "--replicas", f"front={replicas}")
            shop.start()
            fronts = [entry["url"] for entry in shop.processes("front")]
            assert len(fronts) == replicas
            assert (shop.url in fronts) == (replicas == 1)
            assert [entry["url"] for entry in shop.processes("edge")] == [shop.url] * (replicas > 1)
