"""The `markethall` command. Only the module of the command that was asked for is imported."""

import sys

# So little is loaded before `main`, which is where Ctrl-C begins to end quietly.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    import typer

COMMANDS: dict[str, str] = {
    "up": "markethall.cli.up:up",
    "client": "markethall.cli.client:app",
    "load": "markethall.cli.load:app",
    "replay": "markethall.cli.replay:app",
    "audit": "markethall.cli.audit:audit",
    "dead-letters": "markethall.cli.dead_letters:app",
    "backup": "markethall.cli.backup:backup",
    "restore": "markethall.cli.restore:restore",
    "rotate": "markethall.cli.rotate:app",
    "evaluate": "markethall.cli.evaluate:app",
    "chaos": "markethall.cli.chaos:chaos",
    "bench": "markethall.cli.bench:app",
    "status": "markethall.cli.status:status",
    "scale": "markethall.cli.scale:scale",
    "restart": "markethall.cli.restart:restart",
    "promote": "markethall.cli.promote:promote",
    "devices": "markethall.cli.devices:devices",
}
"""Where each command is: a function, or a Typer application for one with commands of its own.
`serve` is apart, because it does without Typer."""


def main() -> None:
    """The entry point: reads the command line and exits with the command's code.

    Ctrl-C ends a command that has nothing to end in order by code 130, or while it is loaded by the signal.
    """
    try:
        import signal

        # Python's own handler raises wherever it is: a library that is being loaded would tell of it at length.
        # Where Ctrl-C is ignored it stays so.
        handler = signal.getsignal(signal.SIGINT)
        if handler is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        command = _command(sys.argv[1:])
        signal.signal(signal.SIGINT, handler)
        command()
    except KeyboardInterrupt:
        sys.exit(130)


def _command(args: list[str]) -> "Callable[[], Any]":
    if args[:1] == ["serve"]:
        from markethall.cli.serve import serve

        return lambda: serve(args[1:])
    return _application(args[:1])


def _application(asked: list[str]) -> "typer.Typer":
    import typer

    app = typer.Typer(
        name="markethall",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="A webshop made of separate services that keeps selling.",
        epilog="`markethall serve SERVICE` runs one replica of one service.",
    )

    @app.callback()
    def markethall() -> None:
        """A webshop made of separate services that keeps selling."""

    for name, place in COMMANDS.items():
        if asked == [name] or not set(asked) & set(COMMANDS):
            command = _find(place)
            if isinstance(command, typer.Typer):
                app.add_typer(command, name=name)
            else:
                app.command(name)(command)
    return app


def _find(place: str) -> "Any":
    import importlib

    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)
