"""`markethall serve <service>`: one replica of one service in this process."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from markethall.contracts.topology import PARTS

HELP = f"""Usage: markethall serve {{{"|".join(PARTS)}}}

Run one replica of one service. It is told everything by environment variables that begin with
MARKETHALL_ (see docs/operations.md)."""


def serve(args: list[str]) -> None:
    """Without Typer: services start five at a time, and must start fast."""
    if len(args) != 1 or args[0] not in PARTS:
        wants_help = args in (["--help"], ["-h"])
        print(HELP, file=sys.stdout if wants_help else sys.stderr)
        sys.exit(0 if wants_help else 2)
    # structlog can draw tracebacks with Rich, nats-py speak through websockets with aiohttp. No service
    # does either (front uses aiohttp itself), and both are 5 MiB of each process and time at its start.
    with _not_installed("rich", *(() if args[0] == "front" else ("aiohttp",))):
        from markethall.kit.app import serve as serve_in_this_process
        from markethall.kit.settings import WrongSetting, read_settings

    try:
        serve_in_this_process(args[0], read_settings())
    except WrongSetting as wrong:
        sys.stderr.writelines(f"markethall: {line}\n" for line in str(wrong).splitlines())
        sys.exit(2)


@contextmanager
def _not_installed(*modules: str) -> Iterator[None]:
    """Libraries that load these where they can find them do without."""
    hidden = [name for name in modules if name not in sys.modules]
    sys.modules |= dict.fromkeys(hidden)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
