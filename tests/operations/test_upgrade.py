"""An upgrade while the shop sells, and back.

Runs: buyers in a steady stream; one service after the other is restarted with the code of a later release, which has
a migration more and messages with new fields; then the orders replicas go back to the former release, over the
tables of the later one. Success: every call was served, judges and audit find nothing.
"""

import shutil
from pathlib import Path

import asyncpg
import pytest

import markethall
from markethall.chaos.judges import judge
from markethall.chaos.judges.figures import is_served
from markethall.chaos.workload import Mix, Workload
from markethall.local.control import ask
from markethall.local.shop import LocalShop
from tests.support.client import AdminClient
from tests.support.shop import Shop, running_shop

pytestmark = [pytest.mark.journey, pytest.mark.timeout(900)]

LATER = "99.0.0"
MIGRATION = '''"""What a gift says."""

from alembic import op

revision = "9999"
down_revision = "{before}"


def upgrade() -> None:
    op.execute("ALTER TABLE orders ADD COLUMN gift_message text NOT NULL DEFAULT ''")
'''
GROWN = {
    "contracts/messages.py": ("class OrdersPlaced", "class StockSettled", "class CatalogChanged"),
    "contracts/internal.py": ("class PlaceOrder(", "class OrderDocument", "class AvailabilityAnswer"),
}
"""Messages that have a field more in the later release."""


def later_release(place: Path) -> Path:
    """A folder for PYTHONPATH."""
    source = place / "markethall"
    shutil.copytree(Path(markethall.__file__).parent, source, ignore=shutil.ignore_patterns("__pycache__"))
    version = source / "__init__.py"
    version.write_text(version.read_text().replace(markethall.__version__, LATER))
    versions = source / "orders" / "migrations" / "versions"
    newest = max(path.name for path in versions.glob("[0-9]*.py"))[:4]
    (versions / "9999_gift.py").write_text(MIGRATION.format(before=newest))
    for name, messages in GROWN.items():
        text = (source / name).read_text()
        for message in messages:
            text = _with_field(text, message)
        (source / name).write_text(text)
    return place


def _with_field(text: str, message: str) -> str:
    """The message with a last field, which is always sent."""
    start = text.index(message)
    end = text.find("\n\n\nclass ", start)
    end = len(text.rstrip()) if end < 0 else end
    body = text[start:end]
    fields, method, rest = body.partition("\n    def __post_init__")
    return text[:start] + fields.rstrip() + '\n    said_by: str = "the later release"\n' + method + rest + text[end:]


async def versions(shop: Shop, service: str) -> set[str]:
    async with AdminClient(shop) as admin:
        replicas = (await admin.get("/api/system")).ok(200)["replicas"]
    return {replica["version"] for replica in replicas if replica["service"] == service}


async def columns(shop: Shop) -> set[str]:
    connection = await asyncpg.connect(LocalShop(shop.data).dsn("orders"), timeout=10)
    try:
        rows = await connection.fetch("SELECT column_name FROM information_schema.columns WHERE table_name = 'orders'")
    finally:
        await connection.close()
    return {row[0] for row in rows}


async def test_a_later_release_takes_over_and_hands_back_while_the_shop_sells(tmp_path: Path) -> None:
    later = {"PYTHONPATH": str(later_release(tmp_path / "later"))}
    with running_shop(tmp_path / "data", "--no-demo", "--replicas", "orders=2,inventory=2") as shop:
        folder = LocalShop(shop.data).folder
        # A change of a price is sent once: with one catalog it may meet its restart.
        buyers = Mix(receipts_every=50, price_changes_every=1_000_000)
        async with Workload(shop.url, shop.admin_email, shop.admin_password, seed=3, rate=5, mix=buyers) as workload:
            for service in ("inventory", "orders", "catalog", "accounts", "front"):
                await ask(folder, "restart", service=service, settings=later, timeout_seconds=300)
            assert await versions(shop, "orders") == {LATER}
            assert "gift_message" in await columns(shop)
            await ask(folder, "restart", service="orders", timeout_seconds=300)
            assert await versions(shop, "orders") == {markethall.__version__}
            assert await versions(shop, "inventory") == {LATER}
            await workload.stop()
        unserved = [call for call in workload.history.calls if not is_served(call)]
        assert unserved == []
        assert len(workload.history.of_kind("place")) > 50
        verdict = await judge(workload.history, LocalShop(shop.data))
        assert verdict.is_clean, str(verdict)
