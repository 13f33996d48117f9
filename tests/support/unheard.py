"""What a process has sent to Unix sockets and nobody has read yet, as the kernel tells (sock_diag(7))."""

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, _DONE = 4, 20, 0x301, 3
_CONNECTED = 1 << 1
_SHOW_QUEUES, _QUEUES = 0x10, 4


def unheard_bytes(pid: int) -> int:
    """On the connection of the process that has most of it; a little more than was said: the kernel adds its own."""
    own = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            own.add(os.readlink(descriptor))
    return max((waiting for inode, waiting in _connections() if f"socket:[{inode}]" in own), default=0)


def _connections() -> Iterator[tuple[int, int]]:
    """The inode of every connected Unix socket, and what waits at its other end."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
        question = struct.pack("=BBHIIIII", socket.AF_UNIX, 0, 0, _CONNECTED, 0, _SHOW_QUEUES, 0, 0)
        kernel.send(struct.pack("=IHHII", 16 + len(question), _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, 1, 0) + question)
        while True:
            answer = kernel.recv(1 << 16)
            while answer:
                length, kind = struct.unpack_from("=IH", answer)
                if kind != _SOCK_DIAG_BY_FAMILY:
                    assert kind == _DONE, os.strerror(-struct.unpack_from("=i", answer, 16)[0])
                    return
                [inode] = struct.unpack_from("=I", answer, 20)
                yield from ((inode, sent) for sent in _sent(answer[32:length]))
                answer = answer[(length + 3) & ~3 :]


def _sent(attributes: bytes) -> Iterator[int]:
    while attributes:
        length, kind = struct.unpack_from("=HH", attributes)
        if kind == _QUEUES:
            yield struct.unpack_from("=II", attributes, 4)[1]
        attributes = attributes[(length + 3) & ~3 :]
