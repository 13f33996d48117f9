"""Where commits wait for a standby: what a repeat finds on the primary alone is not acknowledged to anybody."""

import asyncio
import os
import signal
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from markethall.contracts.messages import ProductSnapshot, StockSettled, VariantSnapshot
from markethall.kit.bus import Bus
from markethall.kit.db import Database, DatabaseUnavailable
from markethall.kit.migrations import migrate
from markethall.kit.relay import Relay
from markethall.kit.settings import Settings
from markethall.orders.app import MIGRATIONS
from markethall.orders.checkout.draft import Wanted
from markethall.orders.checkout.place_order import Checkout
from markethall.orders.fulfilment.consumers import StockRecorder
from markethall.orders.fulfilment.live import StatusFeed
from markethall.orders.fulfilment.service import Fulfilment
from markethall.orders.prices.repository import apply_products
from tests.orders.neighbours import now
from tests.support.cluster import Cluster, running_cluster
from tests.support.machine import eventually


@dataclass
class Desk:
    """Orders without its HTTP and its bus, on a primary and the standby that it waits for."""

    cluster: Cluster
    checkout: Checkout
    fulfilment: Fulfilment
    recorder: StockRecorder

    @contextmanager
    def without_standby(self) -> Iterator[None]:
        [standby] = self.cluster.nodes.standbys
        os.kill(self._receiver(standby.pid), signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._receiver(standby.pid), signal.SIGCONT)

    @staticmethod
    def _receiver(pid: int) -> int:
        """The process of the standby that takes the log in."""
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return next(int(child) for child in children if b"walreceiver" in Path(f"/proc/{child}/cmdline").read_bytes())

    async def waiting(self) -> bool:
        """Whether a commit waits for the standby."""
        found = await self.cluster.nodes.primary.ask("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
        return bool(found)

    async def cancelled(self, work: Awaitable[object]) -> None:
        """Does the work, whose waiting somebody cancels: it is committed on the primary, and not acknowledged."""
        doing = asyncio.ensure_future(work)
        await eventually(self.waiting, seconds=30)
        await self.cluster.nodes.primary.ask(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        )
        with pytest.raises(DatabaseUnavailable):
            await asyncio.wait_for(doing, 30)

    async def repeated(
        self, monkeypatch: pytest.MonkeyPatch, place: str, work: Callable[[], Awaitable[object]]
    ) -> None:
        """Without the guard at `place` (if any is needed) the repeat ends; with it, only once a standby has all."""
        with self.without_standby():
            await self.cancelled(work())
            if place:
                with monkeypatch.context() as unguarded:
                    unguarded.setattr(place, _nothing)
                    await asyncio.wait_for(work(), 30)  # a false acknowledgement
            repeat = asyncio.ensure_future(work())
            await eventually(self.waiting, seconds=30)
            assert not repeat.done()
        await asyncio.wait_for(repeat, 30)


async def _nothing(_connection: object) -> None:
    return None


@pytest.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    data = tmp_path_factory.mktemp("cluster") / "data"
    async with running_cluster(data, read_replicas=1, synchronous=True) as cluster:
        url = cluster.nodes.settings_for("orders")["DATABASE_URL"]
        settings = Settings(service="orders", database_url=url, database_timeout_seconds=60)
        await migrate(settings, MIGRATIONS)
        bus = Bus(settings, "orders")
        async with Database(settings) as database, Checkout(database, Relay(database, bus), "EUR") as checkout:
            product = ProductSnapshot(uuid.uuid4().bytes, "t", "T", 1, True, [VariantSnapshot("T-1", {}, 100)])
            async with database.hot() as connection:
                await apply_products(connection, [product])
            feed = StatusFeed(bus, asyncio.Event())
            fulfilment = Fulfilment(database, Relay(database, bus), feed)
            yield Desk(cluster, checkout, fulfilment, StockRecorder(database, feed))


async def test_an_order_that_a_repeat_finds(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = Wanted(uuid.uuid4(), None, b"", {"T-1": 1})
    place = "markethall.orders.checkout.place_order.confirm_found"
    await desk.repeated(monkeypatch, place, lambda: desk.checkout.place(wanted))


async def test_an_outcome_that_is_heard_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = Wanted(uuid.uuid4(), None, b"", {"T-1": 1})
    await desk.checkout.place(wanted)
    settled = StockSettled([wanted.order_id.bytes], [True], [now()])
    place = "markethall.orders.fulfilment.consumers.confirm_found"
    await desk.repeated(monkeypatch, place, lambda: desk.recorder.apply([settled]))


async def test_a_cancellation_that_was_asked_for_before(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It locks the order, and that alone makes its commit wait."""
    wanted = Wanted(uuid.uuid4(), None, b"", {"T-1": 1})
    await desk.checkout.place(wanted)
    await desk.repeated(monkeypatch, "", lambda: desk.fulfilment.cancel(wanted.order_id, None))
