"""Writes every drawing of the toy store: `python -m scripts.toy_drawings [FOLDER]`. The same code, the same bytes."""

import sys
from pathlib import Path

from . import candy, games, hats, soft_toys, toys, wooden_toys
from .categories import CATEGORIES, together
from .clothing import HUNG_UP, SHIRTS
from .stage import stage

FOLDER = Path(__file__).parents[2] / "src" / "markethall" / "catalog" / "media" / "drawings"


def drawings() -> dict[str, str]:
    """By the slug of a product or of a category."""
    drawn: dict[str, str] = {}
    for module in (soft_toys, toys, wooden_toys, games, candy, hats):
        for slug, (tint, toy) in module.TOYS.items():
            drawn[slug] = stage(tint, toy())
    for slug, (tint, toy) in (SHIRTS | HUNG_UP).items():
        drawn[slug] = stage(tint, toy(), shadow=0)
    for slug, (tint, things) in CATEGORIES.items():
        drawn[slug] = stage(tint, together(things), shadow=0)
    return drawn


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    drawn = drawings()
    for path in folder.glob("*.svg"):
        if path.stem not in drawn:
            path.unlink()
    for slug, svg in drawn.items():
        (folder / f"{slug}.svg").write_text(svg)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
