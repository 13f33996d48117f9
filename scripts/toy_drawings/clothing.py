"""Shirts on hangers, and what else is worn."""

from .games import awning
from .shapes import box, circle, ellipse, group, polygon, shape, star, stroke
from .toys import kite_alone, robot

HANGER = stroke("M200 62Q216 50 208 36Q196 28 188 40M200 62V78L118 122M200 78L282 122", "bark", 7)


def _shirt(colour: str, print_: str) -> str:
    """Hung up. What is printed has its middle at 0, 0, and is up to 110 wide and 120 tall."""
    return "".join(
        [
            HANGER,
            shape(
                "M160 92Q200 128 240 92L290 112Q316 124 326 152L346 204L298 226L284 194V310Q284 320 274 320H126Q116 320 116 310V194L102 226L54 204L74 152Q84 124 110 112Z",
                colour,
            ),
            shape("M284 194V310Q284 320 274 320H252Q268 250 262 170Z", "ink/0.1"),
            shape("M116 194V310Q116 320 126 320H140Q130 250 138 170Z", "ink/0.06"),
            stroke("M156 92Q200 138 244 92", "ink/0.18", 9),
            stroke("M64 204L106 222M336 204L294 222", "white/0.35", 5),
            group(print_, move=(200, 212)),
        ]
    )


def robot_shirt() -> str:
    return _shirt("honey", group(robot(), move=(-86, -88), scale=0.43))


def train_shirt() -> str:
    engine = "".join(
        [
            box(-30, 4, 72, 30, "tomato", 4),
            box(-56, -24, 34, 58, "tomato", 4),
            box(-50, -16, 22, 20, "butter", 3),
            box(-60, -32, 42, 10, "brick", 4),
            box(16, -18, 12, 24, "grey", 3),
            box(-60, 32, 110, 6, "slate", 3),
            *(circle(x, 42, 11, "grey") + circle(x, 42, 4, "night") for x in (-42, -14, 16, 38)),
            circle(24, -32, 9, "cream/0.9"),
            circle(8, -44, 12, "cream/0.75"),
            circle(-14, -54, 9, "cream/0.6"),
            stroke("M-70 56H66", "slate", 4),
        ]
    )
    stars = "".join(
        star(x, y, r, "butter")
        for x, y, r in (
            (-52, -60, 6),
            (-30, -46, 4),
            (38, -62, 7),
            (58, -36, 4),
            (56, -8, 5),
            (-60, 78, 4),
            (40, 84, 5),
            (0, 76, 4),
        )
    )
    return _shirt("night", engine + stars)


def boat_shirt() -> str:
    boat = (
        shape("M-48 12H48L28 36H-28Z", "white")
        + polygon([(0, 10), (-26, 10), (0, -40)], "white")
        + polygon([(0, 10), (26, 10), (0, -40)], "sand")
        + polygon([(0, 12), (28, 36), (-28, 36)], "sand/0.7")
    )
    waves = stroke("M-60 46q10 -10 20 0t20 0t20 0t20 0t20 0t20 0", "sea", 5) + stroke(
        "M-40 62q10 -10 20 0t20 0t20 0t20 0", "sea/0.6", 4
    )
    return _shirt("mint", boat + waves)


def marble_shirt() -> str:
    path = stroke(
        "M-78 -54L50 -34Q66 -30 60 -18Q56 -10 44 -10L-44 6Q-60 10 -56 22Q-52 32 -40 32L40 44Q56 48 52 62Q48 72 36 74L-40 90",
        "honey",
        9,
    )
    marbles = "".join(
        circle(x, y, 11, c) + circle(x - 3, y - 4, 3, "white/0.8")
        for x, y, c in (
            (-40, -62, "tomato"),
            (30, -22, "sky"),
            (-30, 16, "leaf"),
            (34, 32, "plum"),
            (-28, 74, "tomato"),
        )
    )
    return _shirt("cream", path + marbles)


def dinosaur_shirt() -> str:
    def dinosaur(x: float, y: float, scale: float, colour: str) -> str:
        return group(
            shape(
                "M-62 28Q-30 20 -24 0Q-10 -24 14 -22Q24 -24 26 -48Q30 -66 52 -62Q66 -58 62 -46L42 -40Q42 0 28 12V36H16V18H-8V36H-20V16Q-34 30 -62 28Z",
                colour,
            ),
            circle(48, -54, 3.5, "ink"),
            shape("M-20 -8l4 -14l8 8ZM-6 -18l6 -14l8 10ZM10 -24l8 -12l4 12Z", "honey"),
            move=(x, y),
            scale=scale,
        )

    return _shirt(
        "rose",
        dinosaur(-22, -22, 0.66, "leaf")
        + dinosaur(24, 26, 0.5, "sea")
        + dinosaur(-34, 44, 0.36, "plum")
        + dinosaur(24, 72, 0.28, "tomato")
        + dinosaur(-10, 78, 0.2, "pine"),
    )


def kite_shirt() -> str:
    tail = stroke("M14 24Q-16 50 4 66Q26 80 2 96", "cream", 3.5)
    bows = "".join(
        group(shape("M0 0L-9 -6V6ZM0 0L9 -6V6Z", c), move=(x, y), turn=t)
        for x, y, t, c in ((-3, 46, 60, "tomato"), (10, 70, -30, "honey"), (10, 88, 40, "tomato"))
    )
    cloud = shape("M-62 40q2 -16 18 -14q8 -12 20 -2q14 0 12 16Z", "white/0.8")
    return _shirt("sky", cloud + tail + bows + group(kite_alone(), move=(34, -28), scale=0.5, turn=20))


def _block(x: float, y: float, colour: str, letter: str, turn: float = 0) -> str:
    letters = {
        "A": "M-7 9L0 -9L7 9M-4 3H4",
        "B": "M-5 -9V9H2Q8 8 7 3Q6 0 0 0H-5H0Q6 0 5 -5Q4 -9 0 -9Z",
        "C": "M7 -6Q0 -12 -5 -4Q-9 6 -1 9Q4 10 7 6",
        "Z": "M-6 -9H6L-6 9H6",
        "M": "M-8 9V-9L0 3L8 -9V9",
    }
    return group(
        box(-17, -17, 34, 34, colour, 4),
        box(-12, -12, 24, 24, "cream", 3),
        stroke(letters[letter], colour, 4),
        move=(x, y),
        turn=turn,
    )


def blocks_shirt() -> str:
    return _shirt(
        "leaf",
        _block(-28, 72, "tomato", "A")
        + _block(8, 72, "sea", "M")
        + _block(-12, 37, "honey", "B", -3)
        + _block(-4, 2, "plum", "C", 4)
        + _block(8, -33, "tomato", "Z", 10),
    )


def hall_shirt() -> str:
    hall = "".join(
        [
            shape("M-58 60V4Q-58 -50 0 -50Q58 -50 58 4V60Z", "cream"),
            stroke(
                "M-58 60V4Q-58 -50 0 -50Q58 -50 58 4V60M-34 60V-4M34 60V-4M-58 4H58M0 4L-40 -34M0 4L40 -34M0 4V-50",
                "tomato",
                5,
            ),
            circle(0, -14, 17, "butter"),
            stroke("M0 -14V-24M0 -14L8 -10", "ink", 3.5),
            awning(-40, 14, 80, "tomato", 5),
            box(-40, 42, 80, 18, "wood"),
            shape("M30 -50q8 -10 16 -4l8 2l-8 4q-4 10 -14 6Z", "slate"),
            shape("M-54 -38q6 -8 14 -2l6 2l-6 4q-6 6 -12 2Z", "slate"),
        ]
    )
    return _shirt("sea", hall)


def rain_cape() -> str:
    return "".join(
        [
            stroke("M200 52V30Q212 20 204 14", "bark", 6),
            shape(
                "M142 118Q144 48 200 46Q256 48 258 118Q300 160 332 302Q270 326 200 324Q130 326 68 302Q100 160 142 118Z",
                "honey",
            ),
            shape("M258 118Q300 160 332 302Q300 316 262 320Q262 200 236 132Z", "orange/0.55"),
            ellipse(200, 106, 36, 42, "orange"),
            ellipse(200, 112, 28, 34, "cocoa"),
            shape("M200 148V324", "honey"),
            stroke("M200 150V322", "orange", 4),
            *(circle(200, y, 6, "cream") for y in (172, 206, 240, 274)),
            stroke("M68 302Q130 326 200 324Q270 326 332 302", "cream", 6),
            box(226, 222, 50, 40, "orange", 6),
            stroke("M226 236h50", "honey", 4),
            *(
                shape(f"M{x} {y}q-9 14 0 20q9 -6 0 -20Z", "sea")
                for x, y in ((72, 76), (108, 118), (300, 66), (330, 124), (58, 166), (352, 196))
            ),
        ]
    )


def scarf() -> str:
    colours = ("tomato", "cream", "sea", "honey", "brick", "cream")

    def end(x: float, length: int, first: int) -> str:
        stripes = "".join(box(x, 112 + 28 * i, 76, 28, colours[(i + first) % 6]) for i in range(length))
        below = 112 + 28 * length
        fringes = "".join(f"M{x + 5 + 11 * i:.0f} {below + 2}v16" for i in range(7))
        return (
            stroke(fringes, colours[(length - 1 + first) % 6], 5)
            + stripes
            + box(x + 60, 112, 16, 28 * length, "ink/0.08")
        )

    return "".join(
        [
            box(60, 96, 280, 16, "bark", 8),
            circle(62, 104, 13, "wood"),
            circle(338, 104, 13, "wood"),
            end(204, 6, 0),
            end(116, 7, 2),
            shape("M116 114Q116 84 150 84H246Q280 84 280 114Z", "tomato"),
            shape("M192 114Q192 84 226 84H246Q280 84 280 114Z", "brick"),
            stroke("M128 104Q132 94 148 94", "white/0.5", 5),
        ]
    )


def socks() -> str:
    def sock(x: float, y: float, a: str, b: str) -> str:
        return group(
            shape("M-20 -70H20V20Q22 34 40 40Q62 46 58 64Q54 76 36 76H0Q-22 74 -20 40Z", a),
            box(-20, -52, 40, 14, b),
            box(-20, -24, 40, 14, b),
            shape("M-20 4H20V18H-20ZM36 76Q54 76 58 64Q60 50 46 43Q34 56 36 76Z", b),
            box(-23, -78, 46, 16, b, 5),
            move=(x, y),
            scale=0.8,
        )

    pairs = (
        ("tomato", "butter"),
        ("sea", "cream"),
        ("leaf", "honey"),
        ("plum", "rose"),
        ("honey", "brick"),
        ("sky", "night"),
        ("orange", "cream"),
    )
    upper = "".join(sock(76 + 78 * i, 142, *pairs[i]) for i in range(4))
    lower = "".join(sock(112 + 80 * i, 258, *pairs[4 + i]) for i in range(3))
    pegs = "".join(box(71 + 78 * i, 66, 10, 26, "bark", 3) for i in range(4)) + "".join(
        box(107 + 80 * i, 182, 10, 26, "bark", 3) for i in range(3)
    )
    return stroke("M30 76Q200 88 370 76M40 192Q200 204 360 192", "ink/0.6", 3.5) + upper + lower + pegs


def smock() -> str:
    splashes = "".join(
        circle(x, y, r, c)
        for x, y, r, c in (
            (150, 176, 12, "tomato"),
            (166, 190, 6, "tomato"),
            (244, 212, 14, "honey"),
            (262, 196, 6, "honey"),
            (172, 252, 11, "leaf"),
            (236, 150, 8, "plum"),
            (142, 222, 5, "plum"),
            (258, 258, 6, "tomato"),
        )
    )
    return "".join(
        [
            HANGER,
            shape(
                "M164 96Q200 120 236 96L284 114Q304 126 314 160L352 270L310 286L282 220L292 320H108L118 220L90 286L48 270L86 160Q96 126 116 114Z",
                "sky",
            ),
            shape("M282 220L292 320H262Q274 250 264 180Z", "ink/0.1"),
            stroke("M160 96Q200 130 240 96", "sea", 8),
            stroke("M52 264L92 280M348 264L308 280", "sea", 8),
            splashes,
            box(148, 258, 104, 54, "sea", 8),
            stroke("M148 270h104", "cream", 4),
            box(166, 226, 9, 44, "wood", 3),
            shape("M164 228Q162 206 170 198Q180 206 177 228Z", "tomato"),
            box(198, 232, 9, 38, "bark", 3),
            shape("M196 234Q194 212 202 204Q212 212 209 234Z", "honey"),
            shape("M224 262l6 -34q22 -6 20 18l-8 18Z", "cream"),
        ]
    )


SHIRTS = {
    "t-shirt-tin-robot": ("sky", robot_shirt),
    "t-shirt-night-train": ("peach", train_shirt),
    "t-shirt-paper-boat": ("rose", boat_shirt),
    "t-shirt-marble-run": ("lilac", marble_shirt),
    "t-shirt-dinosaur-parade": ("mint", dinosaur_shirt),
    "t-shirt-kite-weather": ("butter", kite_shirt),
    "t-shirt-building-blocks": ("butter", blocks_shirt),
    "t-shirt-market-hall": ("peach", hall_shirt),
}
HUNG_UP = {
    "rain-cape-puddle-jumper": ("sky", rain_cape),
    "knitted-scarf-long-way-home": ("mint", scarf),
    "striped-socks-seven-days": ("peach", socks),
    "paint-smock-big-splash": ("butter", smock),
}
