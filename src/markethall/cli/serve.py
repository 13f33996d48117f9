"""`markethall serve <service>`: one replica of one service in this process."""

import sys

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
    from markethall.kit.app import serve as serve_in_this_process
    from markethall.kit.settings import Settings

    serve_in_this_process(args[0], Settings())
