"""A progress bar on a terminal; nothing elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

Advance = Callable[[], None]
Follow = Callable[[str, float], None]


@contextmanager
def bar(title: str, total: int) -> Iterator[Advance]:
    """On standard error, so that what is printed can be piped."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=total)
        yield lambda: progress.advance(task)


@contextmanager
def following(total: int) -> Iterator[Follow | None]:
    """For work that says what it does and how much of it is done. None where nobody looks.

    Drawn when it says so and no other time, for the drawing is work beside that which is measured.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    what = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis"))
    share = TextColumn("{task.percentage:.1f} %")
    columns = (BarColumn(20), MofNCompleteColumn(), share, TimeElapsedColumn(), what)
    with Progress(*columns, console=console, auto_refresh=False) as progress:
        task = progress.add_task("", total=total)

        def follow(description: str, done: float) -> None:
            progress.update(task, description=description, completed=done, refresh=True)

        yield follow
