"""What a local shop takes of the machine: CPU of every process, memory as PSS (shared pages divided among sharers)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from time import monotonic, thread_time

import msgspec
import psutil

from markethall.local.shop import LocalShop

SUPERVISOR = "up"
"""The supervisor. That of a shop of the bench's own lives in the measuring process."""
MIB = 1024 * 1024


class Usage(msgspec.Struct, frozen=True):
    """Between two moments. `cpu_seconds` by service. `elsewhere`: what all else on the machine took, in cores."""

    cpu_seconds: Mapping[str, float]
    elsewhere: float

    @property
    def cpu_total(self) -> float:
        return sum(self.cpu_seconds.values())


class Meter:
    """Counts from when it was made. Processes that come and go meanwhile are counted by whoever started them.

    What measuring itself takes is not the shop's, where both are one process.
    """

    def __init__(self, shop: LocalShop, beside: Mapping[str, int]) -> None:
        """`beside`: further processes, by name."""
        self._shop = shop
        self._beside = beside
        self._own = 0.0
        self._began = monotonic()
        self._machine = _busy_of_machine()
        self._before = dict(_cpu(_processes(shop, beside)))

    def memory_mib(self) -> dict[str, float]:
        """PSS by service, MiB, now. Walks page tables: some milliseconds a process."""
        began, sums = thread_time(), Counter[str]()
        for name, process in _processes(self._shop, self._beside):
            try:
                sums[name] += process.memory_full_info().pss
            except psutil.Error:
                continue
        self._own += thread_time() - began
        return {name: round(total / MIB, 1) for name, total in sums.items()}

    def read(self, generator_seconds: float) -> Usage:
        """`generator_seconds`: CPU of whoever made the load, which is not elsewhere."""
        wall, machine = monotonic() - self._began, _busy_of_machine() - self._machine
        # The supervisor comes last when it begins, and first when it ends.
        after = _cpu(reversed(list(_processes(self._shop, self._beside))))
        taken = {name: max(0.0, after[name] - self._before.get(name, 0.0)) for name in after}
        elsewhere = machine - sum(taken.values()) - generator_seconds
        if SUPERVISOR in taken:
            taken[SUPERVISOR] = max(0.0, taken[SUPERVISOR] - self._own)
        shop = {name: round(seconds, 3) for name, seconds in taken.items()}
        return Usage(shop, round(max(0.0, elsewhere / wall), 3))


def _cpu(processes: Iterable[tuple[str, psutil.Process]]) -> dict[str, float]:
    """Seconds so far by service, of what runs and of what it has waited for."""
    sums: dict[str, float] = {}
    for name, process in processes:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        taken = times.user + times.system
        if name != SUPERVISOR:  # whose children are counted by themselves, and so is the load generator
            taken += times.children_user + times.children_system
        sums[name] = sums.get(name, 0.0) + taken
    return sums


def _processes(shop: LocalShop, beside: Mapping[str, int]) -> Iterable[tuple[str, psutil.Process]]:
    """Every process of the shop with its service, those it started included; the supervisor last."""
    supervisor: psutil.Process | None = None
    entries = [(entry.service, entry.pid) for entry in shop.folder.read_processes()]
    for name, pid in (*entries, *beside.items()):
        try:
            process = psutil.Process(pid)
            supervisor = supervisor or process.parent()
            family = [process, *process.children(recursive=True)]
        except psutil.Error:
            continue
        for each in family:
            yield name, each
    if supervisor is not None:
        yield SUPERVISOR, supervisor


def _busy_of_machine() -> float:
    """CPU seconds of everything on this machine, what a hypervisor took from it included."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    guest = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
    return float(sum(times) - idle - guest)
