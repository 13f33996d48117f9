"""Ctrl-C and the like for commands that have something to put right before they end."""

import asyncio
import signal

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def broken_off_by_signals() -> None:
    """The first of them cancels this task; further ones change nothing: what is put right then is bounded in time."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    asked = False

    def break_off() -> None:
        nonlocal asked
        if not asked:
            asked = True
            task.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, break_off)
