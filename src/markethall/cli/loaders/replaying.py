"""Replays what happened in the data set through a shop's public API.

What it does, how it counts as success: each invoice becomes one order at exactly the file's sum
(`expected_total` has the shop refuse any other), each cancellation that undoes an order cancels it,
each other return puts its goods back into stock. Every call carries a key made from its invoice's
number, so a second run, or one that goes on after an interruption, makes nothing twice.
"""

import asyncio
import math
import time
from collections import Counter
from dataclasses import dataclass, field

from markethall.cli.api import WAIT_SECONDS, Shop
from markethall.cli.loaders.online_retail import Cancellation, Order, Retail, Return
from markethall.cli.progress import Advance
from markethall.contracts.public import Money, OrderView
from markethall.listings.calls import ApiError, Refused
from markethall.listings.pool import each

SETTLE_SECONDS = 60.0
"""An order still pending after this long counts as pending in the report."""


@dataclass(slots=True)
class Count:
    """Invoices, units and pence."""

    invoices: int = 0
    units: int = 0
    total: int = 0

    def add(self, units: int, total: int) -> None:
        self.invoices += 1
        self.units += units
        self.total += total


@dataclass(slots=True)
class Report:
    """What the shop answered. Sums are the shop's own, not the file's."""

    sold: Count = field(default_factory=Count)
    """Orders that were confirmed, whether or not cancelled since."""
    cancelled: Count = field(default_factory=Count)
    returned: Count = field(default_factory=Count)
    rejected: int = 0
    pending: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    """Calls that brought neither, by the code of the refusal."""
    latencies_seconds: list[float] = field(default_factory=list)
    """Of each order, from the call to its outcome."""
    seconds: float = 0.0

    def percentile(self, percent: float) -> float:
        """Nearest rank; 0 where nothing was measured."""
        ranked = sorted(self.latencies_seconds)
        return ranked[max(0, math.ceil(percent / 100 * len(ranked)) - 1)] if ranked else 0.0

    def agrees_with(self, file: "Report") -> bool:
        return (
            (self.sold, self.cancelled, self.returned) == (file.sold, file.cancelled, file.returned)
            and not self.failed
            and not self.rejected
            and not self.pending
        )


def counted(retail: Retail) -> Report:
    """The report of a replay in which nothing goes wrong."""
    report = Report()
    for event in retail.events:
        match event:
            case Order():
                report.sold.add(event.units, event.total)
            case Cancellation():
                report.cancelled.add(event.units, event.total)
            case Return():
                report.returned.add(event.units, event.total)
    return report


async def replay(buyers: Shop, admin: Shop, retail: Retail, *, currency: str, clients: int, advance: Advance) -> Report:
    """The buyers' calls are a guest's; `admin` receives what comes back."""
    replaying = _Replay(buyers, admin, currency, Report(), {})
    # Made before any worker starts: a cancellation may be taken up while its order is under way.
    replaying.order_ids.update((order.invoice, asyncio.Future()) for order in retail.orders)

    async def do(event: Order | Cancellation | Return) -> None:
        await replaying.event(event)
        advance()

    started = time.perf_counter()
    await each(retail.events, do, clients)
    replaying.report.seconds = time.perf_counter() - started
    return replaying.report


@dataclass(slots=True)
class _Replay:
    buyers: Shop
    admin: Shop
    currency: str
    report: Report
    order_ids: dict[str, "asyncio.Future[str | None]"]
    """By invoice; None where the shop took no order."""

    async def event(self, event: Order | Cancellation | Return) -> None:
        try:
            match event:
                case Order():
                    await self._order(event)
                case Cancellation():
                    await self._cancellation(event)
                case Return():
                    await self._return(event)
        except Refused as refused:
            self.report.failed[refused.code] += 1
        except ApiError as error:
            self.report.failed[type(error).__name__] += 1

    async def _order(self, event: Order) -> None:
        placed: OrderView | None = None
        started = time.perf_counter()
        try:
            placed = await self._changed(await self._place(event), frozenset({"pending"}))
        except Refused as refused:
            if refused.code != "out_of_stock":
                raise
            self.report.rejected += 1
        finally:
            self.order_ids[event.invoice].set_result(placed.id if placed else None)
            self.report.latencies_seconds.append(time.perf_counter() - started)
        if placed is None:
            return
        match placed.status:
            case "pending":
                self.report.pending += 1
            case "rejected":
                self.report.rejected += 1
            case _:
                self.report.sold.add(sum(line.quantity for line in placed.lines), placed.total.amount)

    async def _place(self, event: Order) -> OrderView:
        """The order; in a second replay that is one made before, which may have been cancelled since."""
        try:
            return await self.buyers.place_order(
                list(event.quantities.items()),
                key=f"online-retail:{event.invoice}",
                expected_total=Money(event.total, self.currency),
                wait_seconds=WAIT_SECONDS,
            )
        except Refused as refused:
            if refused.code != "order_cancelled":
                raise
            return await self.buyers.order(str(refused.document["order_id"]))

    async def _changed(self, order: OrderView, unchanged: frozenset[str]) -> OrderView:
        """The order once its status is another than those, or as it is at the deadline."""
        deadline = time.monotonic() + SETTLE_SECONDS
        pause = 0.1
        while order.status in unchanged and time.monotonic() < deadline:
            await asyncio.sleep(pause)
            pause = min(2.0, pause * 2)
            order = await self.buyers.order(order.id)
        return order

    async def _cancellation(self, event: Cancellation) -> None:
        order_id = await self.order_ids[event.order]
        if order_id is None:
            self.report.failed["order_missing"] += 1
            return
        asked = await self.buyers.cancel(order_id)
        cancelled = await self._changed(asked, frozenset({"pending", "confirmed"}))
        if cancelled.status == "cancelled":
            self.report.cancelled.add(sum(line.quantity for line in cancelled.lines), cancelled.total.amount)
        else:
            self.report.failed[f"not_cancelled_but_{cancelled.status}"] += 1

    async def _return(self, event: Return) -> None:
        for sku, quantity in event.quantities.items():
            key = f"online-retail:{event.invoice}:{sku}"
            await self.admin.receive(sku, quantity, reference=event.invoice, key=key)
        self.report.returned.add(event.units, event.total)
