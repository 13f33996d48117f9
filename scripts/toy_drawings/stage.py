"""Where every toy stands: a counter of the market hall, before one of its arched windows."""

from math import cos, pi, sin

from .shapes import COLOURS, box, ellipse, shape, stroke

TINTS = {
    "peach": "#f9dfc4",
    "mint": "#d3e6d6",
    "sky": "#d2e4ee",
    "rose": "#f5d5d0",
    "butter": "#fbe9b8",
    "lilac": "#e4d8ea",
}
COUNTER = 330
"""Height at which things stand."""
COLOURS |= {f"{name} tint": colour for name, colour in TINTS.items()}


def stage(tint: str, toy: str, shadow: float = 110) -> str:
    """A whole drawing. `shadow` is half as wide as what stands on the counter; 0 for what hangs."""
    wall = f"{tint} tint"
    spokes = "".join(
        f"M{200 + 46 * cos(a):.0f} {196 - 46 * sin(a):.0f}L{200 + 138 * cos(a):.0f} {196 - 138 * sin(a):.0f}"
        for a in (pi * k / 6 for k in range(1, 6))
    )
    parts = [
        box(0, 0, 400, 400, wall),
        shape("M60 330V196A140 140 0 0 1 340 196V330Z", "white/0.55"),
        stroke(f"{spokes}M60 196H340M154 196A46 46 0 0 1 246 196M130 196V330M270 196V330", wall, 5),
        box(0, COUNTER, 400, 70, "wood"),
        box(0, COUNTER, 400, 12, "sand"),
        stroke("M0 372H400M90 344V370M300 374V400", "bark/0.35", 3),
        ellipse(200, COUNTER + 5, shadow, 9, "ink/0.18") if shadow else "",
        toy,
    ]
    return svg("".join(parts))


def svg(content: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" width="800" height="800">{content}</svg>\n'
