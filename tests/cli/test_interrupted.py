"""Ctrl-C while a command is still being loaded."""

import signal
import subprocess
import sys

import pytest

from markethall.cli import COMMANDS

# As the console script does it, interrupted at the moment when a module is looked for.
INTERRUPTED = """
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == MODULE:
            sys.meta_path.remove(self)
            print("interrupted", flush=True)
            os.kill(os.getpid(), signal.SIGINT)

MODULE, *sys.argv[1:] = sys.argv[1:]
sys.meta_path.insert(0, Finder())
from markethall.cli import main
sys.exit(main())
"""
COMMAND_MODULES = [(name, place.partition(":")[0]) for name, place in COMMANDS.items()]


def interrupted(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", INTERRUPTED, module, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("command", "module"),
    [*COMMAND_MODULES, ("status", "typer"), ("status", "asyncio"), ("backup", "ssl"), ("dead-letters", "nats")],
)
def test_a_command_that_is_being_loaded_ends_quietly(command: str, module: str) -> None:
    done = interrupted(module, command, "--help")
    assert done.stdout.startswith("interrupted")
    assert done.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in done.stderr


def test_what_a_command_loads_later_too() -> None:
    done = interrupted("nats", "dead-letters", "list", "--data", "/nonexistent")
    assert done.stdout == "interrupted\n"
    assert done.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in done.stderr
