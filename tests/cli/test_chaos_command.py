"""`markethall chaos`: what it refuses, and that a broken-off run leaves nothing broken."""

import contextlib
import json
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from markethall.chaos.faults import FAULTS
from tests.support.shop import MARKETHALL, Shop, alive, running_shop


def chaos(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*MARKETHALL, "chaos", *arguments], capture_output=True, text=True, timeout=120)


def test_there_must_be_a_shop(tmp_path: Path) -> None:
    done = chaos("--data", str(tmp_path))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"markethall: there is no shop in {tmp_path}\n"


def test_an_unknown_fault_is_refused_with_the_names_of_all() -> None:
    done = chaos("--faults", "kill,flood")
    assert done.returncode == 2
    assert "flood" in done.stderr
    assert "link-cut" in done.stderr


def test_every_fault_says_what_it_does_and_what_it_needs() -> None:
    assert all(name == fault.name and fault.sentence and fault.needs for name, fault in FAULTS.items())


@pytest.fixture(scope="module")
def tried_shop(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    with running_shop(Path(tmp_path_factory.mktemp("tried")) / "data", "--no-demo") as shop:
        yield shop


@pytest.mark.journey
def test_a_run_tells_what_it_does_and_keeps_its_history(tried_shop: Shop) -> None:
    arguments = ("--minutes", "0.2", "--rate", "5", "--every", "4", "--faults", "kill,promote", "--json")
    done = chaos("--data", str(tried_shop.data), "--seed", "5", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert "--read-replicas" in told[0]["lacking"]["promote"]
    assert {event["fault"] for event in told if event["event"] == "injected"} == {"kill"}
    verdict = told[-1]
    assert (verdict["event"], verdict["seed"], verdict["violations"]) == ("verdict", 5, [])
    assert Path(verdict["history"]).is_file()


@pytest.mark.journey
def test_a_run_that_is_broken_off_while_a_replica_restarts_for_a_fault_leaves_none_armed(tried_shop: Shop) -> None:
    """Before the fault is on, and after it was asked for: the new process is there, and not ready yet."""
    command = [*MARKETHALL, "chaos", "--data", str(tried_shop.data), "--rate", "5", "--every", "2", "--minutes", "2"]
    with subprocess.Popen(
        [*command, "--faults", "crash-point"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        tried_shop.wait(lambda: bool(armed(tried_shop)), 60, "armed")
        running.send_signal(signal.SIGINT)
        told, said = running.communicate(timeout=120)
    assert running.returncode == 130, said
    assert "healed" in said
    assert "crash-point at" not in told
    tried_shop.wait(lambda: not armed(tried_shop), 30, "disarmed")


def armed(shop: Shop) -> list[int]:
    """Processes of the shop, ready or not, that would kill themselves somewhere."""
    found = []
    for process in psutil.Process(shop.processes("nats")[0]["pid"]).parent().children():
        with contextlib.suppress(psutil.Error):
            if "MARKETHALL_CRASH_POINTS" in process.environ():
                found.append(process.pid)
    return found


@pytest.mark.journey
def test_a_shop_that_goes_away_ends_the_run_with_a_word_of_its_own(tmp_path: Path) -> None:
    with running_shop(tmp_path / "data", "--no-demo") as shop:
        command = [*MARKETHALL, "chaos", "--data", str(shop.data), "--rate", "5", "--faults", "freeze", "--every", "4"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            assert any(" freeze at " in line for line in running.stdout)
            shop.kill_everything()
            _, said = running.communicate(timeout=60)
    assert running.returncode == 8, said
    assert said.startswith(f"markethall: the shop on {shop.data} is gone")
    assert "healed" not in said


@pytest.mark.journey
def test_a_run_that_is_broken_off_heals_what_it_broke(tried_shop: Shop) -> None:
    command = [
        *MARKETHALL,
        "chaos",
        "--data",
        str(tried_shop.data),
        "--faults",
        "freeze",
        "--every",
        "8",
        "--rate",
        "5",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert any(" freeze at " in line for line in running.stdout)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "healed" in said
    states = [
        Path(f"/proc/{entry['pid']}/stat").read_text().rpartition(")")[2].split()[0] for entry in tried_shop.processes()
    ]
    assert "T" not in states
    assert all(alive(entry["pid"]) for entry in tried_shop.processes())
