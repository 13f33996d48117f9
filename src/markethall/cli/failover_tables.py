"""The figures of `markethall evaluate failover`, as tables."""

from collections.abc import Sequence

from rich.table import Column, Table

from markethall.chaos.failover.copies import LogCopy
from markethall.chaos.failover.figures import Figures


def noticed(figures: Figures) -> Table:
    table = Table("what clients noticed", Column("in calm", justify="right"), Column("after a kill", justify="right"))
    spells = (figures.calm, figures.after_kills)
    table.add_row("orders", *(f"{spell.orders:,}" for spell in spells))
    for name in figures.calm.percentiles:
        table.add_row(f"{name} ms", *(f"{spell.percentiles.get(name, 0) * 1000:,.1f}" for spell in spells))
    table.add_row("slowest ms", *(f"{spell.slowest * 1000:,.1f}" for spell in spells), end_section=True)
    table.add_row("calls that the client repeated", "", f"{figures.repeated:,}")
    table.add_row("errors after all retries", "", f"{figures.errors:,}")
    return table


def kills(figures: Figures, began: float) -> Table:
    right = [Column(name, justify="right") for name in ("at s", "ready again after s", "repeated", "slowest ms")]
    table = Table("killed", *right)
    for kill in figures.kills:
        table.add_row(
            kill.target,
            f"{kill.at - began:.1f}",
            f"{kill.back_after:.2f}",
            f"{kill.repeated}",
            f"{kill.slowest * 1000:,.1f}",
        )
    return table


def copies(found: Sequence[LogCopy]) -> Table:
    table = Table("copy of the order log", "", Column("orders", justify="right"), "SHA-256 of all rows")
    for copy in found:
        table.add_row(copy.server, "standby" if copy.standby else "primary", f"{copy.orders:,}", copy.digest[:16])
    return table
