"""The rules that every history must keep, whatever died meanwhile: `judge` a history, then read the `Verdict`."""

import asyncpg

from markethall.auditing.report import audit
from markethall.chaos.history import History
from markethall.chaos.judges.asked import judge_asked
from markethall.chaos.judges.bought import judge_bought
from markethall.chaos.judges.caches import judge_caches
from markethall.chaos.judges.copies import judge_copies
from markethall.chaos.judges.figures import figures_of
from markethall.chaos.judges.final import quiet, read_final
from markethall.chaos.judges.keys import judge_keys
from markethall.chaos.judges.lost import judge_end
from markethall.chaos.judges.numbers import judge_numbers
from markethall.chaos.judges.oversell import judge_oversell
from markethall.chaos.judges.prices import judge_prices
from markethall.chaos.judges.sessions import judge_sessions
from markethall.chaos.judges.steps import judge_steps
from markethall.chaos.judges.stock import judge_stock
from markethall.chaos.judges.verdict import Verdict, Violation, violation, with_faults
from markethall.local.credentials import DATABASES
from markethall.local.errors import LocalError
from markethall.local.shop import LocalShop

__all__ = ["Verdict", "Violation", "judge", "judge_history"]

QUIET_SECONDS = 120.0
COMES_TO_REST = "comes to rest"
AUDIT = "audit"
READABLE = "databases can be read"


async def judge(history: History, shop: LocalShop, *, quiet_seconds: float = QUIET_SECONDS) -> Verdict:
    """Waits until the healed shop is quiet, then judges the history, the databases, their copies, and the fronts."""
    found = judge_history(history)
    waiting = await quiet(shop, quiet_seconds)
    if waiting:
        found.append(violation(COMES_TO_REST, f"after {quiet_seconds:.0f} s: {'; '.join(waiting)}"))
    try:
        found += judge_end(history, await read_final(shop, history))
        found += await judge_caches(history, shop)
        found += await judge_copies(shop)
        found += await _audited(shop)
    except (LocalError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        found.append(violation(READABLE, repr(error)))
    return Verdict(tuple(with_faults(found, history.faults)), figures_of(history))


def judge_history(history: History) -> list[Violation]:
    """What the answers alone prove. Pure."""
    return [
        *judge_oversell(history),
        *judge_stock(history),
        *judge_keys(history),
        *judge_steps(history),
        *judge_numbers(history),
        *judge_asked(history),
        *judge_bought(history),
        *judge_prices(history),
        *judge_sessions(history),
    ]


async def _audited(shop: LocalShop) -> list[Violation]:
    findings = await audit({name: shop.dsn(name) for name in DATABASES}, live=True)
    return [violation(AUDIT, f"{one.name}: {'; '.join(one.rows)}") for one in findings if one.broken]
