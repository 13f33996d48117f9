"""Places in the code where a process may be told to die: around each commit, publish and acknowledgement.

Inert unless armed. `MARKETHALL_CRASH_POINTS=orders.place.after_commit:3` in the environment of one replica makes it
kill itself at the third passing, as `kill -9` would, at the one moment that no killing from outside can hit.
"""

import os
import signal

PARTS_WITH_A_DATABASE = ("catalog", "inventory", "orders", "accounts")
CONSUMING_PARTS = ("inventory", "orders")

CRASH_POINTS: dict[str, tuple[str, ...]] = {
    "orders.place.before_commit": ("orders",),
    "orders.place.after_commit": ("orders",),
    "orders.settle.before_commit": ("orders",),
    "orders.settle.after_commit": ("orders",),
    "orders.release.before_commit": ("orders",),
    "orders.dispatch.before_commit": ("orders",),
    "orders.cancel.before_commit": ("orders",),
    "orders.cancel.after_commit": ("orders",),
    "orders.fulfil.before_commit": ("orders",),
    "orders.fulfil.after_commit": ("orders",),
    "orders.forget.before_commit": ("orders",),
    "inventory.decide.before_commit": ("inventory",),
    "inventory.decide.after_commit": ("inventory",),
    "inventory.receive.before_commit": ("inventory",),
    "inventory.receive.after_commit": ("inventory",),
    "catalog.change.before_commit": ("catalog",),
    "catalog.change.after_commit": ("catalog",),
    "accounts.erase.before_commit": ("accounts",),
    "accounts.erase.after_commit": ("accounts",),
    "relay.before_publish": PARTS_WITH_A_DATABASE,
    "relay.after_publish": PARTS_WITH_A_DATABASE,
    "relay.before_commit": PARTS_WITH_A_DATABASE,
    "consumer.before_apply": CONSUMING_PARTS,
    "consumer.before_acknowledge": CONSUMING_PARTS,
    "consumer.after_acknowledge": CONSUMING_PARTS,
}
"""Every crash point, and the services whose processes pass it."""

DEVICE_CRASH_POINTS: dict[str, tuple[str, ...]] = {
    "devices.note.before_commit": ("orders",),
    "devices.note.after_commit": ("orders",),
    "devices.tell.before_publish": ("orders",),
    "devices.tell.after_publish": ("orders",),
}
"""Passed only where devices order."""

_left: dict[str, int] = {}
"""Of those armed: passings until the end. One process, one fate: so it is the process's, and global."""


class UnknownCrashPoint(ValueError):
    """Armed was what is in no code: the fault would never happen, and the test prove nothing."""


def crash_point(name: str) -> None:
    """Where the process ends if `name` is armed; else a look into an empty dictionary."""
    if name in _left:
        _pass(name)


def arm(setting: str) -> None:
    """`name[:nth]`, several separated by commas; replaces what was armed before.

    Raises:
        UnknownCrashPoint: nothing is armed.
    """
    armed = {}
    for each in filter(None, (part.strip() for part in setting.split(","))):
        name, _, nth = each.partition(":")
        if name not in CRASH_POINTS and name not in DEVICE_CRASH_POINTS:
            raise UnknownCrashPoint(f"there is no crash point {name!r}: they are {', '.join(sorted(CRASH_POINTS))}")
        if nth and not (nth.isdecimal() and int(nth)):
            raise UnknownCrashPoint(f"{each!r} should end with a number from 1: at which passing")
        armed[name] = int(nth or 1)
    _left.clear()
    _left.update(armed)


def _pass(name: str) -> None:
    _left[name] -= 1
    if _left[name] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
