"""Sweets, in jars, bags and by the piece."""

from itertools import pairwise
from math import cos, radians, sin

from .shapes import box, circle, ellipse, group, shape, star, stroke


def _swirl(x: float, y: float, radius: float, colour: str) -> str:
    """A boiled sweet with stripes."""
    wedges = "".join(
        f"M{x} {y}L{x + radius * cos(radians(a)):.1f} {y + radius * sin(radians(a)):.1f}"
        f"A{radius} {radius} 0 0 1 {x + radius * cos(radians(a + 36)):.1f} {y + radius * sin(radians(a + 36)):.1f}Z"
        for a in range(0, 360, 72)
    )
    shine = circle(x - radius * 0.35, y - radius * 0.4, radius * 0.2, "white/0.8")
    return circle(x, y, radius, "cream") + shape(wedges, colour) + shine


def jar() -> str:
    places = (
        (150, 302, "tomato"),
        (198, 306, "leaf"),
        (246, 302, "sea"),
        (172, 264, "honey"),
        (222, 266, "plum"),
        (132, 258, "sea"),
        (262, 260, "tomato"),
        (152, 222, "leaf"),
        (200, 226, "tomato"),
        (246, 220, "honey"),
        (180, 188, "plum"),
        (224, 184, "sea"),
    )
    return "".join(
        [
            shape(
                "M128 132H272Q300 150 300 180V306Q300 332 274 332H126Q100 332 100 306V180Q100 150 128 132Z", "sky/0.4"
            ),
            *(_swirl(x, y, 25, c) for x, y, c in places),
            shape(
                "M128 132H272Q300 150 300 180V306Q300 332 274 332H126Q100 332 100 306V180Q100 150 128 132Z", "sky/0.16"
            ),
            stroke("M118 190V290", "white/0.75", 9),
            box(124, 92, 152, 44, "tomato", 10),
            box(124, 120, 152, 16, "brick", 6),
            ellipse(200, 84, 24, 15, "honey"),
            _swirl(72, 314, 18, "honey"),
            _swirl(330, 312, 20, "leaf"),
        ]
    )


def _cube(x: float, y: float, colour: str, side: float = 58) -> str:
    half, lift = side / 2, side * 0.3
    sugar = "".join(circle(x - half + (i * 23 % side), y + (i * 31 % (side * 0.9)), 1.8, "white/0.8") for i in range(9))
    return (
        box(x - half, y, side, side * 0.9, colour, 9)
        + shape(
            f"M{x - half + 4:.1f} {y + 8:.1f}L{x - half + 16:.1f} {y - lift + 4:.1f}Q{x - half + 20:.1f} {y - lift:.1f} {x - half + 26:.1f} {y - lift:.1f}H{x + half - 26:.1f}Q{x + half - 20:.1f} {y - lift:.1f} {x + half - 16:.1f} {y - lift + 4:.1f}L{x + half - 4:.1f} {y + 8:.1f}Z",
            colour,
        )
        + shape(
            f"M{x - half + 4:.1f} {y + 8:.1f}L{x - half + 16:.1f} {y - lift + 4:.1f}Q{x - half + 20:.1f} {y - lift:.1f} {x - half + 26:.1f} {y - lift:.1f}H{x + half - 26:.1f}Q{x + half - 20:.1f} {y - lift:.1f} {x + half - 16:.1f} {y - lift + 4:.1f}L{x + half - 4:.1f} {y + 8:.1f}Z",
            "white/0.35",
        )
        + sugar
    )


def jellies() -> str:
    rows = (
        (112, 262, "orange"),
        (174, 266, "tomato"),
        (236, 264, "leaf"),
        (296, 262, "plum"),
        (142, 204, "plum"),
        (204, 206, "honey"),
        (266, 204, "tomato"),
        (172, 146, "leaf"),
        (234, 148, "orange"),
        (204, 92, "tomato"),
    )
    return "".join(
        [*(_cube(x, y, c) for x, y, c in rows), box(66, 312, 268, 20, "cream", 8), box(66, 322, 268, 10, "sand", 5)]
    )


def _wheel(x: float, y: float, radius: float) -> str:
    ends = [x] + [x + (9 * turn - 4) * (1 if turn % 2 else -1) for turn in range(1, int(radius / 9))]
    arcs = "".join(f"A{abs(b - a) / 2:.1f} {abs(b - a) / 2:.1f} 0 0 1 {b:.1f} {y}" for a, b in pairwise(ends))
    spiral = f"M{x} {y}{arcs}"
    return circle(x, y, radius, "ink") + stroke(spiral, "slate", 4) + circle(x, y, 6, "rose")


def liquorice() -> str:
    return "".join(
        [
            _wheel(200, 150, 66),
            _wheel(128, 266, 66),
            _wheel(272, 266, 66),
            stroke("M336 258Q372 280 350 314Q340 326 352 330", "ink", 9),
            stroke("M156 116q14 -18 36 -20M84 232q14 -18 36 -20M228 232q14 -18 36 -20", "white/0.3", 6),
            circle(60, 318, 11, "rose"),
            circle(200, 320, 10, "butter"),
        ]
    )


def _wrapped(x: float, y: float, turn: float, colour: str) -> str:
    return group(
        shape("M-34 -14L-66 -26Q-60 0 -66 26L-34 14ZM34 -14L66 -26Q60 0 66 26L34 14Z", "cream"),
        shape("M-34 -14L-66 -26Q-60 0 -66 26L-34 14ZM34 -14L66 -26Q60 0 66 26L34 14Z", "sand/0.6"),
        box(-40, -24, 80, 48, "cream", 12),
        box(-24, -24, 48, 48, colour),
        stroke("M-12 -8h24M-12 4h24", "cream/0.7", 4),
        stroke("M-48 -10L-60 -14M-48 8L-60 12M48 -10L60 -14M48 8L60 12", "bark/0.5", 2.5),
        move=(x, y),
        turn=turn,
    )


def caramels() -> str:
    return "".join(
        [
            # A lighthouse stands for the salt.
            shape("M176 96H224L238 252H162Z", "cream"),
            shape("M173 128H227L231 164H169ZM166 200H234L238 240H162Z", "tomato"),
            box(170, 84, 60, 14, "brick", 4),
            box(182, 58, 36, 28, "butter", 3),
            shape("M176 60L200 34L224 60Z", "brick"),
            shape("M218 66L318 44V100L218 80ZM182 66L82 44V100L182 80Z", "butter/0.5"),
            _wrapped(112, 270, -14, "wood"),
            _wrapped(292, 268, 16, "wood"),
            _wrapped(200, 264, 4, "bark"),
            _wrapped(148, 308, 6, "bark"),
            _wrapped(256, 308, -8, "wood"),
        ]
    )


def coins() -> str:
    def coin(x: float, y: float, radius: float = 24) -> str:
        return (
            circle(x, y + 3, radius, "orange")
            + circle(x, y, radius, "honey")
            + circle(x, y, radius * 0.72, "butter")
            + star(x, y, radius * 0.5, "honey")
        )

    return "".join(
        [
            shape("M82 210Q82 112 200 112Q318 112 318 210Z", "bark"),
            shape("M100 208Q102 130 200 130Q298 130 300 208Z", "cocoa"),
            *(
                coin(x, y)
                for x, y in (
                    (132, 212),
                    (172, 196),
                    (216, 192),
                    (258, 204),
                    (150, 228),
                    (196, 220),
                    (240, 226),
                    (278, 228),
                )
            ),
            box(76, 226, 248, 106, "wood", 8),
            box(76, 226, 248, 22, "bark", 6),
            box(108, 226, 22, 106, "honey"),
            box(270, 226, 22, 106, "honey"),
            box(178, 240, 44, 46, "honey", 8),
            circle(200, 258, 8, "cocoa"),
            box(197, 260, 6, 16, "cocoa"),
            stroke("M140 290h30M230 290h30M140 312h120", "bark", 3),
            coin(56, 312, 20),
            coin(344, 308, 24),
            coin(322, 322, 16),
        ]
    )


def lollipops() -> str:
    def lolly(x: float, y: float, radius: float, turn: float, colour: str, length: float) -> str:
        rings = "".join(
            circle(0, 0, radius * k, c)
            for k, c in ((1, colour), (0.8, "cream"), (0.6, colour), (0.4, "cream"), (0.2, colour))
        )
        stick = box(-6, radius - 4, 12, length, "bark", 5)
        return group(
            stick,
            rings,
            stroke(
                f"M{-radius * 0.6:.1f} {-radius * 0.45:.1f}Q{-radius * 0.35:.1f} {-radius * 0.75:.1f} 0 {-radius * 0.78:.1f}",
                "white/0.7",
                6,
            ),
            move=(x, y),
            turn=turn,
        )

    return "".join(
        [
            lolly(116, 160, 52, -14, "leaf", 100),
            lolly(284, 156, 54, 14, "honey", 100),
            lolly(200, 122, 66, 0, "tomato", 100),
            shape("M136 248H264L250 332H150Z", "sea"),
            shape("M136 248H264L261 268H139Z", "sky"),
            *(box(x, 268, 16, 64, "sky/0.5") for x in (156, 192, 228)),
        ]
    )


def marshmallows() -> str:
    def mallow(x: float, y: float, colour: str, turn: float = 0) -> str:
        return group(
            box(-36, -30, 72, 64, colour, 20),
            box(-36, 10, 72, 24, "ink/0.06", 14),
            ellipse(0, -24, 32, 12, "white/0.55"),
            move=(x, y),
            turn=turn,
        )

    return "".join(
        [
            mallow(108, 296, "mint", -3),
            mallow(184, 298, "blush", 2),
            mallow(260, 296, "butter", -2),
            mallow(322, 300, "lilac", 6),
            mallow(144, 232, "blush", 4),
            mallow(220, 232, "mint", -4),
            mallow(292, 236, "blush", 3),
            mallow(184, 168, "butter", -6),
            mallow(252, 172, "lilac", 5),
            mallow(214, 108, "blush", 2),
            shape("M62 130q4 -26 30 -22q12 -22 34 -6q24 -2 20 26Z", "white/0.9"),
            shape("M280 96q2 -20 22 -16q10 -16 26 -4q20 -2 16 20Z", "white/0.8"),
        ]
    )


def rockets() -> str:
    def rocket(x: float, y: float, turn: float, colour: str, band: str) -> str:
        return group(
            shape("M-24 60L-48 96V40L-24 16ZM24 60L48 96V40L24 16Z", band),
            stroke("M0 84V124", "ink", 8),
            shape("M0 -116Q30 -72 28 -30V84H-28V-30Q-30 -72 0 -116Z", colour),
            shape("M0 -116Q20 -86 26 -54H-26Q-20 -86 0 -116Z", band),
            circle(0, -12, 16, "cream"),
            circle(0, -12, 9, "sky"),
            box(-28, 44, 56, 16, "cream"),
            move=(x, y),
            turn=turn,
        )

    return "".join(
        [
            rocket(112, 210, -16, "honey", "orange"),
            rocket(288, 210, 16, "leaf", "pine"),
            rocket(200, 186, 0, "tomato", "night"),
            *(star(x, y, r, "honey") for x, y, r in ((68, 92, 10), (150, 66, 8), (262, 74, 11), (340, 116, 8))),
            *(
                circle(x, y, 4, "white")
                for x, y in ((168, 320), (186, 326), (214, 324), (232, 318), (100, 326), (300, 326))
            ),
        ]
    )


def nougat() -> str:
    def bar(x: float, y: float, turn: float) -> str:
        nuts = "".join(
            ellipse(a, b, 9, 6, "wood", t) + ellipse(a, b - 1, 5, 3, "bark", t)
            for a, b, t in ((-74, -4, 20), (-40, 8, -30), (-8, -8, 10), (28, 6, 40), (62, -6, -15), (88, 8, 25))
        )
        return group(
            box(-108, -24, 216, 54, "sand", 8), box(-108, -24, 216, 42, "cream", 8), nuts, move=(x, y), turn=turn
        )

    return "".join(
        [
            bar(190, 282, -3),
            bar(212, 222, 5),
            group(
                box(-108, -26, 216, 52, "cream", 8),
                box(-30, -28, 144, 56, "tomato", 8),
                box(-30, -12, 144, 24, "butter"),
                circle(42, 0, 8, "tomato"),
                circle(12, 0, 5, "tomato"),
                circle(72, 0, 5, "tomato"),
                *(ellipse(a, b, 9, 6, "wood", 20) for a, b in ((-84, -6), (-58, 8))),
                move=(196, 160),
                turn=-6,
            ),
            group(ellipse(0, 0, 17, 11, "wood", -20), ellipse(-2, -2, 10, 6, "bark", -20), move=(84, 318)),
            group(ellipse(0, 0, 17, 11, "wood", 24), ellipse(-2, -2, 10, 6, "bark", 24), move=(316, 316)),
        ]
    )


def toffee() -> str:
    return "".join(
        [
            shape("M140 118Q200 96 260 118L284 312Q284 332 262 332H138Q116 332 116 312Z", "sky/0.35"),
            *(
                shape(d, c)
                for d, c in (
                    ("M136 300l20 -40l44 8l6 46l-50 10Z", "orange"),
                    ("M206 318l4 -46l46 -4l14 44l-40 12Z", "wood"),
                    ("M142 250l32 -44l38 14l-8 48l-48 -6Z", "wood"),
                    ("M218 262l-2 -50l44 -4l10 50Z", "orange"),
                    ("M156 206l14 -42l46 2l10 40l-44 8Z", "bark"),
                    ("M214 196l4 -34l34 6l4 40Z", "wood"),
                )
            ),
            *(
                circle(x, y, 3.5, "butter/0.8")
                for x, y in (
                    (164, 290),
                    (186, 280),
                    (236, 296),
                    (250, 286),
                    (172, 236),
                    (190, 246),
                    (238, 236),
                    (186, 186),
                    (236, 186),
                )
            ),
            shape("M140 118Q200 96 260 118L284 312Q284 332 262 332H138Q116 332 116 312Z", "white/0.14"),
            stroke("M136 150L126 290", "white/0.8", 7),
            shape("M140 120Q200 140 260 120L276 74Q240 92 222 70Q202 92 180 70Q160 92 124 74Z", "cream"),
            box(134, 108, 132, 20, "tomato", 9),
            shape("M200 118l-30 -16v32ZM200 118l30 -16v32Z", "tomato"),
            circle(200, 118, 9, "brick"),
            box(166, 244, 68, 46, "cream", 6),
            stroke("M178 260h44M184 274h32", "bark", 4),
            shape("M60 330l14 -26l30 4l4 22Z", "orange"),
            shape("M306 330l8 -22l26 4l6 18Z", "wood"),
        ]
    )


TOYS = {
    "boiled-sweets-glass-marbles": ("rose", jar),
    "fruit-jellies-orchard-row": ("mint", jellies),
    "liquorice-wheels": ("butter", liquorice),
    "salted-caramels-lighthouse": ("sky", caramels),
    "chocolate-coins-treasure-chest": ("lilac", coins),
    "lollipops-weather-vane": ("butter", lollipops),
    "marshmallows-cloud-nine": ("sky", marshmallows),
    "sherbet-rockets": ("lilac", rockets),
    "nougat-bars-carousel": ("rose", nougat),
    "toffee-bag-cinder-path": ("mint", toffee),
}
