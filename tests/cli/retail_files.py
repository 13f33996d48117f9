"""The data set's files for tests: a small one made here, and the real one where it is at hand.

`count_separately` reads a file in another way than the loader does: one pass, `Decimal` pounds,
no regular expressions, nothing imported from the loader.
"""

import csv
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

HEADER = ("InvoiceNo", "StockCode", "Description", "Quantity", "UnitPrice", "CustomerID", "Country")

SMALL: tuple[tuple[str, str, str, str, str, str, str], ...] = (
    # An ordinary invoice, one article twice, and postage with it.
    ("600001", "85123A", "WHITE HANGING HEART T-LIGHT HOLDER", "6", "2.55", "17850", "United Kingdom"),
    ("600001", "71053", "WHITE METAL LANTERN", "2", "3.39", "17850", "United Kingdom"),
    ("600001", "85123A", "WHITE HANGING HEART T-LIGHT HOLDER", "4", "2.55", "17850", "United Kingdom"),
    ("600001", "POST", "POSTAGE", "1", "18", "17850", "United Kingdom"),
    # The same article at two prices on one invoice, its code once in lower case.
    ("600002", "85123a", "white hanging heart", "3", "2.95", "13047", "France"),
    ("600002", "85123A", "WHITE HANGING HEART T-LIGHT HOLDER", "1", "4.21", "13047", "France"),
    # No customer; commas, quotes and a name beyond ASCII.
    ("600003", "22086", 'PAPER CHAIN KIT, 50\'S "CHRISTMAS"', "80", "0.29", "", "EIRE"),
    ("600003", "DCGS0003", "BOXED GLASS ASHTRAY – GRÜN", "1", "2.46", "", "EIRE"),
    # Nothing of this one is goods.
    ("600004", "M", "Manual", "1", "1.25", "12345", "United Kingdom"),
    ("600004", "gift_0001_40", "Dotcomgiftshop Gift Voucher £40.00", "1", "34.04", "12345", "United Kingdom"),
    # A stock adjustment, and a gift.
    ("600005", "21777", "", "-10", "0", "", "United Kingdom"),
    ("600006", "71053", "WHITE METAL LANTERN", "5", "0", "17850", "United Kingdom"),
    # The whole of 600001 comes back, in another order; then a second time, which fits nothing.
    ("C600007", "71053", "WHITE METAL LANTERN", "-2", "3.39", "17850", "United Kingdom"),
    ("C600007", "85123A", "WHITE HANGING HEART T-LIGHT HOLDER", "-10", "2.55", "17850", "United Kingdom"),
    ("C600008", "85123A", "WHITE HANGING HEART T-LIGHT HOLDER", "-10", "2.55", "17850", "United Kingdom"),
    ("C600008", "71053", "WHITE METAL LANTERN", "-2", "3.39", "17850", "United Kingdom"),
    # A part comes back, at a price that was never charged here; a discount with it.
    ("C600009", "22086", "PAPER CHAIN KIT", "-4", "0.42", "", "EIRE"),
    ("C600009", "D", "Discount", "-1", "27.5", "", "EIRE"),
    # The same goods as 600003, by nobody: returned, because nobody can be told apart.
    ("C600010", "22086", "PAPER CHAIN KIT", "-80", "0.29", "", "EIRE"),
    ("C600010", "DCGS0003", "BOXED GLASS ASHTRAY", "-1", "2.46", "", "EIRE"),
    ("600011", "71053", "WHITE METAL LANTERN", "9", "3.39", "14688", "United Kingdom"),
    ("600011", "BANK CHARGES", "Bank Charges", "1", "15", "14688", "United Kingdom"),
)


@dataclass
class SeparateCount:
    orders: set[str] = field(default_factory=set)
    units: int = 0
    pounds: Decimal = Decimal()
    returned_units: int = 0
    returned_pounds: Decimal = Decimal()
    skipped: int = 0

    @property
    def pence(self) -> int:
        return int(self.pounds * 100)


def write(path: Path, rows: Iterable[tuple[str, ...]] = SMALL) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(rows)
    return path


def real_file() -> Path | None:
    """Beside the checkout, or where the environment says; the repository does not carry it."""
    named = os.environ.get("MARKETHALL_ONLINE_RETAIL")
    beside = Path(__file__).parents[3] / "shared" / "data" / "online-retail.csv"
    if named:
        return Path(named)
    return beside if beside.is_file() else None


def count_separately(path: Path) -> SeparateCount:
    count = SeparateCount()
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            code, price, units = row["StockCode"], Decimal(row["UnitPrice"]), int(row["Quantity"])
            is_article = code[:5].isdigit() or code.upper().startswith("DCGS")
            back = row["InvoiceNo"][0] == "C"
            if not is_article or not price or not row["Description"].strip() or back != (units < 0):
                count.skipped += 1
            elif back:
                count.returned_units -= units
                count.returned_pounds -= units * price
            else:
                count.orders.add(row["InvoiceNo"])
                count.units += units
                count.pounds += units * price
    return count
