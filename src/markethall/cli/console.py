"""Where commands print what people read."""

from rich.console import Console

PIPED_WIDTH = 160


def screen(*, stderr: bool = False) -> Console:
    """As wide as the terminal; elsewhere wide enough that no id is cut."""
    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=PIPED_WIDTH)
