"""The documents say nothing that is not there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    links = [link for link in LINK.findall(document.read_text()) if "://" not in link]
    missing = [link for link in links if not (document.parent / link).exists()]
    assert missing == []


def test_the_architecture_walks_through_the_whole_path_of_an_order() -> None:
    linked = set(LINK.findall((ROOT / "ARCHITECTURE.md").read_text()))
    path = ["front/checkout.py", "orders/checkout/place_order.py", "kit/relay.py", "inventory/consumers.py"]
    path += ["inventory/allocation.py", "orders/fulfilment/consumers.py", "orders/fulfilment/status.py"]
    assert {f"src/markethall/{step}" for step in path} <= linked


def test_decisions_are_numbered_once_and_fit_a_page() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [page.name[:4] for page in pages]
    assert all(number.isdecimal() for number in numbers)
    assert len(numbers) == len(set(numbers))
    for page in pages:
        text = page.read_text()
        assert text.count("\n") <= 90, page.name
        assert all(f"**{part}.**" in text for part in ("Context", "Decision", "Consequences")), page.name


def test_every_code_of_an_error_is_documented() -> None:
    documented = set(re.findall(r"`([a-z_]+)`", (ROOT / "docs" / "api.md").read_text()))
    sources = (ROOT / "src" / "markethall").rglob("*.py")
    codes = {
        code for path in sources for code in re.findall(r'^    code(?:: str)? = "([a-z_]+)"', path.read_text(), re.M)
    }
    assert len(codes) > 40
    assert codes <= documented
