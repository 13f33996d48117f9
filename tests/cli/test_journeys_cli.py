"""The commands against a whole shop, as anyone would run them."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from markethall.cli.exits import Exit
from markethall.cli.loaders.demo import load_demo
from markethall.local.ports import free_port
from tests.cli.retail_files import count_separately, real_file, write
from tests.support.shop import Shop, running_shop

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def stall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop of this module's own, empty at first: what is loaded here is in no other test's way."""
    with running_shop(tmp_path_factory.mktemp("stall") / "data", "--no-demo") as shop:
        yield shop


def run(shop: Shop, *arguments: str, expect: Exit = Exit.DONE) -> subprocess.CompletedProcess[str]:
    done = shop.run(*arguments, "--data", str(shop.data), seconds=600)
    assert done.returncode == expect, done.stdout + done.stderr
    return done


def asked(shop: Shop, *arguments: str, expect: Exit = Exit.DONE) -> Any:
    return json.loads(run(shop, "client", *arguments, "--json", expect=expect).stdout)


def available(shop: Shop, slug: str) -> dict[str, int | None]:
    return {variant["sku"]: variant["available"] for variant in asked(shop, "product", slug)["variants"]}


def test_the_toy_store_is_loaded_once_however_often_it_is_asked_for(stall: Shop) -> None:
    assert "60 products" in run(stall, "load", "demo").stdout
    stock = available(stall, "t-shirt-tin-robot")
    again = run(stall, "load", "demo").stdout
    assert "0 products" in again
    assert "60 were there already" in again
    assert available(stall, "t-shirt-tin-robot") == stock


async def test_what_sold_out_is_not_stocked_again_by_loading_the_toy_store_again(stall: Shop) -> None:
    run(stall, "load", "demo")
    left = available(stall, "pull-along-duck")["WOO-05"]
    asked(stall, "buy", f"WOO-05={left}")
    assert await load_demo(stall.url, stall.admin_email, stall.admin_password) == 0
    stall.wait(lambda: available(stall, "pull-along-duck")["WOO-05"] == 0, 10, "sold out")


def test_a_customer_browses_buys_watches_and_cancels(stall: Shop) -> None:
    run(stall, "load", "demo")
    found = asked(stall, "products", "robot", "--option", "size=L")["items"]
    assert [item["slug"] for item in found] == ["t-shirt-tin-robot"]
    before = available(stall, "t-shirt-tin-robot")["TSH-01-L"]
    assert before is not None
    order = asked(stall, "buy", "TSH-01-L=2", "HAT-01-RED", "--expect", "62.70", "--key", "journey-1")
    assert order["status"] == "confirmed"
    assert asked(stall, "buy", "TSH-01-L=2", "HAT-01-RED", "--expect", "62.70", "--key", "journey-1") == order
    assert asked(stall, "order", order["id"])["total"] == {"amount": 6270, "currency": "EUR"}
    assert "confirmed" in run(stall, "client", "watch", order["id"], "--until-settled").stdout
    assert asked(stall, "cancel", order["id"])["status"] == "cancelled"
    assert "cancelled" in run(stall, "client", "watch", order["id"], expect=Exit.REFUSED).stdout
    stall.wait(lambda: available(stall, "t-shirt-tin-robot")["TSH-01-L"] == before, 10, "stock back")


def test_what_goes_wrong_has_an_exit_code_of_its_own(stall: Shop) -> None:
    run(stall, "load", "demo")
    short = run(stall, "client", "buy", "TSH-02-S=9999", expect=Exit.OUT_OF_STOCK)
    assert "TSH-02-S" in short.stderr
    told = run(stall, "client", "buy", "TSH-02-S=9999", "--json", expect=Exit.OUT_OF_STOCK).stderr
    assert json.loads(told)["code"] == "out_of_stock"
    assert "unknown_sku" in run(stall, "client", "buy", "NO-SUCH-SKU", expect=Exit.REFUSED).stderr
    assert "price_changed" in run(stall, "client", "buy", "TSH-02-S", "--expect", "1", expect=Exit.REFUSED).stderr
    run(stall, "client", "product", "no-such-product", expect=Exit.ABSENT)
    run(stall, "client", "orders", expect=Exit.NOT_ALLOWED)
    run(stall, "client", "buy", "TSH-02-S=two", expect=Exit.USAGE)
    nobody = ("client", "products", "--url", f"http://127.0.0.1:{free_port()}")
    assert stall.run(*nobody).returncode == Exit.UNREACHABLE
    assert stall.run("client", "products", "--data", str(stall.data / "elsewhere")).returncode == Exit.USAGE


def test_an_admin_sees_the_orders_of_all_and_finds_them_by_number(stall: Shop) -> None:
    run(stall, "load", "demo")
    admin = ("--email", stall.admin_email, "--password", stall.admin_password)
    placed = asked(stall, "buy", "CAN-01-CHER", *admin)
    assert asked(stall, "order", str(placed["number"]), *admin)["id"] == placed["id"]
    assert placed["id"] in [order["id"] for order in asked(stall, "orders", "--all", "--limit", "100", *admin)["items"]]
    assert str(placed["number"]) in run(stall, "client", "orders", *admin).stdout


def catalog(path: Path, products: int, taken: int | None = None) -> Path:
    """One product a line; the SKU of line `taken` belongs to the toy store."""
    lines = ["product,name,category,sku,price,stock,option.size"]
    for n in range(2, products + 2):
        sku = "TSH-01-L" if n == taken else f"GADGET-{n}"
        lines.append(f"gadget-{n},Gadget number {n},Gadgets > Small ones,{sku},{n}.50,{n},one")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_file_with_a_bad_line_leaves_nothing_in_the_shop(stall: Shop, tmp_path: Path) -> None:
    file = tmp_path / "gadgets.csv"
    catalog(file, 20).write_text(file.read_text().replace("Gadget number 9,", ",").replace("14.50", "14,50"))
    said = run(stall, "load", "catalog", str(file), expect=Exit.REFUSED).stderr
    assert "line 9: name" in said
    assert "line 14: has 8 cells" in said
    run(stall, "client", "product", "gadget-2", expect=Exit.ABSENT)


def test_what_the_shop_refuses_midway_is_taken_back_and_the_mended_file_loads(stall: Shop, tmp_path: Path) -> None:
    run(stall, "load", "demo")
    said = run(stall, "load", "catalog", str(catalog(tmp_path / "a.csv", 40, taken=33)), expect=Exit.REFUSED).stderr
    assert "line 33" in said
    assert "sku_taken" in said
    assert "archived again" in said
    assert asked(stall, "products", "gadget", "--limit", "100")["items"] == []

    mended = catalog(tmp_path / "b.csv", 40)
    assert "40 products, 860 units" in run(stall, "load", "catalog", str(mended)).stdout
    assert "40 were there already" in run(stall, "load", "catalog", str(mended)).stdout
    assert len(asked(stall, "products", "gadget", "--category", "gadgets", "--limit", "100")["items"]) == 40
    assert available(stall, "gadget-33") == {"GADGET-33": 33}


def test_only_an_admin_may_load(stall: Shop, tmp_path: Path) -> None:
    file = catalog(tmp_path / "c.csv", 1)
    wrong = ("--email", stall.admin_email, "--password", "not the password")
    assert "wrong_credentials" in run(stall, "load", "catalog", str(file), *wrong, expect=Exit.NOT_ALLOWED).stderr


def test_the_replay_sells_what_the_file_says_and_nothing_twice(stall: Shop, tmp_path: Path) -> None:
    file = write(tmp_path / "small.csv")
    assert "not in the shop" in run(stall, "replay", "online-retail", str(file), expect=Exit.ABSENT).stderr
    run(stall, "load", "online-retail", str(file))
    assert replayed(stall, file) == replayed(stall, file)
    # Sold, cancelled, and sold in part again; what came back is on the shelf.
    assert available(stall, "71053") == {"71053-339": 2 + 2}
    assert available(stall, "22086") == {"22086-29": 80, "22086-42": 4}
    assert stall.audit().returncode == 0


def replayed(shop: Shop, file: Path) -> dict[str, Any]:
    """The shop's part of the report, after it has been held against a separate count over the file."""
    report = json.loads(run(shop, "replay", "online-retail", str(file), "--clients", "8", "--json").stdout)
    separate = count_separately(file)
    said: dict[str, Any] = report["shop"]
    assert (said["orders"], said["units"], said["sum"]) == (len(separate.orders), separate.units, separate.pence)
    back = said["cancelled"], said["returned"]
    assert sum(count["units"] for count in back) == separate.returned_units
    assert (said["rejected"], said["pending"], report["failed"]) == (0, 0, {})
    assert sum(report["skipped"].values()) == separate.skipped
    return said


@pytest.fixture
def shop_in_pounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setenv("MARKETHALL_CURRENCY", "GBP")
    with running_shop(tmp_path / "data", "--no-demo") as shop:
        yield shop


@pytest.mark.parametrize("file", [real_file() or "small"])
@pytest.mark.timeout(900)
def test_the_whole_data_set_is_replayed_in_pounds(shop_in_pounds: Shop, file: Path | str, tmp_path: Path) -> None:
    """With the small file where the data set is not at hand."""
    path = write(tmp_path / "small.csv") if isinstance(file, str) else file
    run(shop_in_pounds, "load", "online-retail", str(path))
    replayed(shop_in_pounds, path)
    assert shop_in_pounds.audit().returncode == 0
