"""Each thing of the toy store, and each category, has a drawing of its own: small, harmless, and made by our script."""

import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import pytest

from markethall.catalog.media.drawings import SIDE, drawing
from markethall.cli.loaders.demo import category_images, toy_store

STORE = toy_store("EUR")
CATEGORIES = category_images(STORE)
FOLDER = Path(str(files("markethall.catalog.media").joinpath("drawings")))
NAMES = sorted(path.stem for path in FOLDER.iterdir())
ELEMENTS = {"svg", "g", "path", "rect", "circle", "ellipse"}


def test_every_product_and_category_has_one_and_there_is_none_besides() -> None:
    assert len(CATEGORIES) == 8
    assert set(NAMES) == {listing.slug for listing in STORE} | CATEGORIES.keys()
    addresses = [*(listing.images for listing in STORE), *((url,) for url in CATEGORIES.values())]
    assert all(len(images) == 1 for images in addresses)
    assert len(set(addresses)) == 68


def test_they_are_what_the_script_draws(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-m", "scripts.toy_drawings", str(tmp_path)], cwd=root, check=True, timeout=60)
    drawn = {path.stem: path.read_bytes() for path in tmp_path.iterdir()}
    assert drawn == {name: (FOLDER / f"{name}.svg").read_bytes() for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_drawing_is_small_and_nothing_but_shapes(name: str) -> None:
    drawn = drawing(name)
    assert drawn is not None
    assert len(drawn.body) < 12_000
    root = ElementTree.fromstring(drawn.body)
    assert (root.get("width"), root.get("height")) == (str(SIDE), str(SIDE))
    assert {re.sub(r"\{.*\}", "", element.tag) for element in root.iter()} <= ELEMENTS
    attributes = {attribute for element in root.iter() for attribute in element.attrib}
    assert not any(
        "href" in attribute or attribute.startswith("on") or attribute == "style" for attribute in attributes
    )


def test_an_address_changes_with_what_is_drawn() -> None:
    urls = [drawing(name) for name in NAMES]
    assert all(
        drawn and re.fullmatch(rf"/media/[0-9a-f]{{32}}-{SIDE}x{SIDE}/[a-z0-9-]+\.svg", drawn.url) for drawn in urls
    )
    assert len({drawn.url.split("/")[2] for drawn in urls if drawn}) == len(NAMES)


@pytest.mark.parametrize("name", ["", "nothing", "../drawings/bear-ferdinand", "bear-ferdinand.svg", "Bear", "bear\n"])
def test_there_is_no_other_file_to_be_had(name: str) -> None:
    assert drawing(name) is None
