"""What animals have in common."""

from .shapes import circle, ellipse, group, shape, stroke


def eyes(left: float, right: float, y: float, radius: float = 7) -> str:
    return "".join(
        circle(x, y, radius, "ink") + circle(x + radius * 0.3, y - radius * 0.35, radius * 0.32, "white")
        for x in (left, right)
    )


def cheeks(left: float, right: float, y: float, radius: float = 11) -> str:
    return circle(left, y, radius, "tomato/0.28") + circle(right, y, radius, "tomato/0.28")


def snout(x: float, y: float, colour: str) -> str:
    """With nose and mouth."""
    return (
        ellipse(x, y, 30, 22, colour)
        + ellipse(x, y - 10, 12, 8, "ink")
        + stroke(
            f"M{x} {y - 2}V{y + 5}M{x - 12} {y + 6}Q{x - 5} {y + 13} {x} {y + 5}Q{x + 5} {y + 13} {x + 12} {y + 6}",
            "ink",
            3,
        )
    )


def bow(x: float, y: float, colour: str, size: float = 1) -> str:
    wings = shape("M0 0L-28 -15Q-34 0 -28 15ZM0 0L28 -15Q34 0 28 15Z", colour)
    return group(wings, circle(0, 0, 8, colour), circle(0, 0, 8, "ink/0.15"), move=(x, y), scale=size)
