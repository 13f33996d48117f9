"""Unix sockets at paths of any length, where the kernel takes 107 bytes."""

import os
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def short(path: Path) -> Iterator[str]:
    """Another name of the same path while the block lasts, by way of a descriptor. Raises OSError."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def bind(path: Path) -> socket.socket:
    """At the place of one that somebody left there. Refuses connections until it listens. Raises OSError."""
    path.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX)
    try:
        with short(path) as name:
            bound.bind(name)
    except BaseException:
        bound.close()
        raise
    return bound


def has_waiting(listener: socket.socket) -> bool:
    """Whether somebody has connected who was not accepted yet."""
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    return bool(poll.poll(0))
