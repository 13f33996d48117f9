"""How long a process of the shop keeps a core, once it has it, before another one gets a turn.

A batch of orders takes each process some milliseconds. With the kernel's own slice they interrupt each other all the
time, and each comes back to caches full of others' data. Why it is this long, and what it brings:
docs/decisions/0032-a-process-keeps-its-core-for-three-milliseconds.md.
"""

import ctypes
import os
import platform
import struct
import sys

SLICE_SECONDS = 0.003

_SECOND = 1_000_000_000
_SLICE = int(SLICE_SECONDS * _SECOND)
_IS_KNOWN = sys.platform == "linux" and sys.maxsize > 1 << 32  # a program of 32 bits has other numbers
_CALLS = {"x86_64": (314, 315), "aarch64": (274, 275)}.get(platform.machine()) if _IS_KNOWN else None
"""Numbers of `sched_setattr` and `sched_getattr`: the C library has no functions for them."""
_call = ctypes.CDLL(None).syscall if _CALLS else None
_ATTRIBUTES = struct.Struct("IIQiIQQQ")
"""`struct sched_attr` in its first version: size, policy, flags, nice, priority, runtime, deadline, period."""
_POLICY, _RUNTIME = 1, 5


IS_POSSIBLE = _call is not None


def keep_core_longer() -> None:
    """For this process, and all that it starts from now on.

    Linux lets a process choose since 6.12. Elsewhere, where it is forbidden, and where the slice is as long already,
    nothing happens.
    """
    attributes = _attributes(0)
    # Another policy than the usual one: somebody has decided otherwise.
    if _call is None or _CALLS is None or attributes is None or attributes[_POLICY] != os.SCHED_OTHER:
        return
    if attributes[_RUNTIME] >= _SLICE:
        return
    attributes[_RUNTIME] = _SLICE
    _call(_CALLS[0], 0, _ATTRIBUTES.pack(*attributes), 0)


def slice_seconds(pid: int) -> float | None:
    """That of the process `pid`, or of this one (0); 0.0: the kernel lets nobody choose; None: it cannot be asked."""
    attributes = _attributes(pid)
    return attributes[_RUNTIME] / _SECOND if attributes is not None else None


def _attributes(pid: int) -> list[int] | None:
    if _call is None or _CALLS is None:
        return None
    found = ctypes.create_string_buffer(_ATTRIBUTES.size)
    return list(_ATTRIBUTES.unpack(found.raw)) if _call(_CALLS[1], pid, found, _ATTRIBUTES.size, 0) == 0 else None
