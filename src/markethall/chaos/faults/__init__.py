"""What can go wrong with a shop, one family a file, and the table of all of it."""

from markethall.chaos.faults.bus import BusLeaderKilled, BusMajorityAway, BusWiped
from markethall.chaos.faults.clocks import ClockWrong
from markethall.chaos.faults.crashes import CrashPoint
from markethall.chaos.faults.databases import PrimaryFrozen, PrimaryKilled, PromotedAway
from markethall.chaos.faults.disks import DiskFull
from markethall.chaos.faults.fault import Fault, Heal, NotHealed, NotHit
from markethall.chaos.faults.network import LinkCut, LinkHalfOpen, LinkSilent, LinkSlow
from markethall.chaos.faults.processes import Freeze, Kill, Restart

__all__ = ["FAULTS", "Fault", "Heal", "NotHealed", "NotHit"]

_ALL: tuple[Fault, ...] = (
    Kill(),
    Freeze(),
    Restart(),
    BusLeaderKilled(),
    BusMajorityAway(),
    BusWiped(),
    PrimaryKilled(),
    PrimaryFrozen(),
    PromotedAway(),
    LinkSlow(),
    LinkCut(),
    LinkSilent(),
    LinkHalfOpen(),
    DiskFull(),
    CrashPoint(),
    ClockWrong(),
)
FAULTS: dict[str, Fault] = {fault.name: fault for fault in _ALL}
"""By name, in the order of the documentation."""
