"""Flat shapes in a few colours. Lengths are units of a square of 400; `turn` is in degrees, clockwise."""

from collections.abc import Sequence

COLOURS = {
    "tomato": "#d9452b",
    "brick": "#b4321b",
    "rose": "#efa0a0",
    "blush": "#f7cfc6",
    "orange": "#ec8a3c",
    "honey": "#f2b134",
    "butter": "#fbdd8a",
    "cream": "#fff6e4",
    "sand": "#ecd3a8",
    "wood": "#cf965c",
    "bark": "#a56c3a",
    "cocoa": "#6f4326",
    "leaf": "#6aa84f",
    "pine": "#3f7436",
    "mint": "#a9d3b5",
    "sky": "#6fb3d6",
    "sea": "#2f6f97",
    "night": "#27405e",
    "plum": "#8a4f7d",
    "lilac": "#c3a6d1",
    "grey": "#b4bbbd",
    "slate": "#6c7a82",
    "ink": "#3a2620",
    "white": "#ffffff",
}


def circle(x: float, y: float, radius: float, fill: str) -> str:
    return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}"{_paint("fill", fill)}/>'


def ellipse(x: float, y: float, across: float, down: float, fill: str, turn: float = 0) -> str:
    """`across` and `down` are half of its width and height."""
    return (
        f'<ellipse cx="{_n(x)}" cy="{_n(y)}" rx="{_n(across)}" ry="{_n(down)}"{_paint("fill", fill)}'
        f"{_turned(turn, x, y)}/>"
    )


def box(x: float, y: float, width: float, height: float, fill: str, corner: float = 0, turn: float = 0) -> str:
    """From its upper left corner; turned about its middle."""
    rounded = f' rx="{_n(corner)}"' if corner else ""
    middle = (x + width / 2, y + height / 2)
    return (
        f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"{rounded}{_paint("fill", fill)}'
        f"{_turned(turn, *middle)}/>"
    )


def shape(outline: str, fill: str) -> str:
    """`outline` is path data."""
    return f'<path d="{outline}"{_paint("fill", fill)}/>'


def polygon(points: Sequence[tuple[float, float]], fill: str) -> str:
    return shape("M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points) + "Z", fill)


def stroke(line: str, colour: str, width: float = 4) -> str:
    """A line with round ends."""
    ends = 'stroke-linecap="round" stroke-linejoin="round"'
    return f'<path d="{line}" fill="none"{_paint("stroke", colour)} stroke-width="{_n(width)}" {ends}/>'


def group(*parts: str, move: tuple[float, float] = (0, 0), scale: float = 1, turn: float = 0) -> str:
    """Turned about the origin, then scaled, then moved."""
    steps = [f"translate({_n(move[0])} {_n(move[1])})"] if move != (0, 0) else []
    steps += [f"scale({scale:g})"] if scale != 1 else []
    steps += [f"rotate({_n(turn)})"] if turn else []
    return f'<g transform="{" ".join(steps)}">{"".join(parts)}</g>' if steps else "".join(parts)


def mirrored(*parts: str) -> str:
    """The same on both sides of the middle."""
    there = "".join(parts)
    return f'{there}<g transform="translate(400 0) scale(-1 1)">{there}</g>'


def star(x: float, y: float, radius: float, fill: str) -> str:
    """With four points."""
    near = radius * 0.28
    return shape(
        f"M{_n(x)} {_n(y - radius)}L{_n(x + near)} {_n(y - near)}L{_n(x + radius)} {_n(y)}L{_n(x + near)} {_n(y + near)}"
        f"L{_n(x)} {_n(y + radius)}L{_n(x - near)} {_n(y + near)}L{_n(x - radius)} {_n(y)}L{_n(x - near)} {_n(y - near)}Z",
        fill,
    )


def _n(value: float) -> str:
    return f"{round(value, 1):g}"


def _turned(turn: float, x: float, y: float) -> str:
    return f' transform="rotate({_n(turn)} {_n(x)} {_n(y)})"' if turn else ""


def _paint(attribute: str, colour: str) -> str:
    """A colour's name, or `name/0.2` for one that lets through what is below it."""
    name, _, opacity = colour.partition("/")
    through = f' {attribute}-opacity="{opacity}"' if opacity else ""
    return f' {attribute}="{COLOURS[name]}"{through}'
