"""Games and puzzles."""

from .shapes import box, circle, ellipse, group, mirrored, polygon, shape, star, stroke


def awning(x: float, y: float, width: float, colour: str, stripes: int = 4) -> str:
    """Of a market stall: stripes that end in scallops."""
    step = width / stripes
    parts = []
    for i in range(stripes):
        fill = colour if i % 2 == 0 else "cream"
        left = x + i * step
        parts.append(
            shape(
                f"M{left:.1f} {y:.1f}H{left + step:.1f}V{y + step:.1f}A{step / 2:.1f} {step / 2:.1f} 0 0 1 {left:.1f} {y + step:.1f}Z",
                fill,
            )
        )
    return "".join(parts)


def market_day() -> str:
    """The box, and what is in it."""
    return "".join(
        [
            polygon([(60, 120), (300, 92), (344, 286), (92, 322)], "pine"),
            polygon([(60, 120), (300, 92), (338, 262), (86, 298)], "leaf"),
            group(
                box(-92, -66, 184, 138, "butter", 6),
                awning(-74, -46, 148, "tomato", 8),
                box(-70, -4, 10, 64, "bark"),
                box(60, -4, 10, 64, "bark"),
                box(-74, 34, 148, 30, "wood"),
                *(
                    circle(-54 + 22 * i, 30, 11, c)
                    for i, c in enumerate(("tomato", "orange", "leaf", "plum", "honey", "tomato"))
                ),
                move=(200, 194),
                turn=-7,
            ),
            _pawn(98, 318, "tomato"),
            _pawn(140, 328, "sea"),
            _die(262, 292, 14),
            _die(308, 304, -10),
        ]
    )


def _pawn(x: float, y: float, colour: str) -> str:
    return group(
        shape("M-18 0Q-6 -16 -8 -40H8Q6 -16 18 0Z", colour),
        circle(0, -46, 13, colour),
        circle(-4, -50, 4, "white/0.5"),
        move=(x, y),
    )


def _die(x: float, y: float, turn: float) -> str:
    return group(
        box(-18, -18, 36, 36, "cream", 8),
        box(-18, 8, 36, 10, "ink/0.1", 5),
        *(circle(a, b, 4, "ink") for a, b in ((-9, -9), (9, 9), (0, 0), (9, -9), (-9, 9))),
        move=(x, y),
        turn=turn,
    )


def tin_thieves() -> str:
    def card(x: float, y: float, turn: float, colour: str, face: str) -> str:
        return group(
            box(-44, -62, 88, 124, "cream", 9), box(-36, -54, 72, 108, colour, 6), face, move=(x, y), turn=turn
        )

    mask = (
        shape("M-30 -8Q0 -22 30 -8Q30 16 12 14L0 6L-12 14Q-30 16 -30 -8Z", "ink")
        + circle(-13, 0, 5, "cream")
        + circle(13, 0, 5, "cream")
    )
    return "".join(
        [
            card(122, 186, -22, "tomato", star(0, 0, 26, "butter")),
            card(186, 158, -4, "sea", circle(0, 0, 24, "honey") + circle(0, 0, 13, "butter")),
            card(254, 170, 16, "honey", mask),
            shape("M78 262H322V316Q322 332 300 332H100Q78 332 78 316Z", "slate"),
            box(70, 244, 260, 28, "grey", 10),
            box(98, 284, 204, 36, "tomato", 8),
            group(mask, move=(200, 302), scale=0.9),
            stroke("M84 252H240", "white/0.6", 5),
        ]
    )


def _piece(x: float, y: float, colour: str, turn: float) -> str:
    """Of a jigsaw, with two knobs and a hole."""
    outline = "M-30 -30H-9A10 10 0 1 1 9 -30H30V-9A10 10 0 1 1 30 9V30H9A10 10 0 1 0 -9 30H-30Z"
    return group(shape(outline, colour), move=(x, y), turn=turn)


def _cuts(x: float, y: float, width: float, height: float) -> str:
    across = width / 4
    down = height / 3
    lines = [
        f"M{x + across * i:.0f} {y:.0f}v{down * 0.4:.0f}a7 7 0 1 1 0 {down * 0.2:.0f}v{down * 0.8:.0f}a7 7 0 1 0 0 {down * 0.2:.0f}v{down * 1.4:.0f}"
        for i in (1, 2, 3)
    ]
    lines += [
        f"M{x:.0f} {y + down * i:.0f}h{across * 0.4:.0f}a7 7 0 1 1 {across * 0.2:.0f} 0h{across * 1.8:.0f}a7 7 0 1 0 {across * 0.2:.0f} 0h{across * 1.4:.0f}"
        for i in (1, 2)
    ]
    return stroke("".join(lines), "ink/0.22", 2.5)


def old_harbour() -> str:
    houses = "".join(
        box(x, y, 34, 196 - y, c)
        + polygon([(x - 3, y), (x + 37, y), (x + 17, y - 22)], "brick")
        + box(x + 7, y + 12, 8, 10, "cream")
        + box(x + 19, y + 12, 8, 10, "cream")
        + box(x + 7, y + 32, 8, 10, "cream")
        + box(x + 19, y + 32, 8, 10, "cream")
        for x, y, c in (
            (84, 134, "honey"),
            (120, 120, "rose"),
            (156, 140, "sky"),
            (192, 122, "butter"),
            (228, 136, "mint"),
            (264, 126, "orange"),
        )
    )
    return "".join(
        [
            mirrored(stroke("M140 270L112 330", "bark", 10)),
            box(66, 80, 268, 196, "cream", 6),
            box(76, 90, 248, 176, "sky", 3),
            houses,
            box(76, 194, 248, 72, "sea", 3),
            stroke("M92 244q14 -8 28 0t28 0M230 252q14 -8 28 0t28 0", "sky", 4),
            shape("M126 218H214L198 244H142Z", "tomato"),
            polygon([(166, 214), (166, 150), (212, 212)], "cream"),
            polygon([(158, 214), (158, 164), (128, 212)], "butter"),
            stroke("M270 212q8 -10 16 0q8 -10 16 0", "white", 4),
            _cuts(76, 90, 248, 176),
            # One is missing, and lies before it.
            box(262, 207, 62, 59, "sky tint"),
            _piece(120, 304, "sea", 14),
            _piece(254, 302, "orange", -12),
        ]
    )


def night_sky() -> str:
    points = (
        (104, 130),
        (142, 112),
        (176, 132),
        (214, 118),
        (262, 142),
        (296, 116),
        (118, 190),
        (160, 172),
        (232, 186),
        (286, 196),
        (112, 240),
        (188, 236),
        (250, 240),
        (306, 242),
    )
    return "".join(
        [
            mirrored(stroke("M140 270L112 330", "bark", 10)),
            box(66, 80, 268, 196, "cream", 6),
            box(76, 90, 248, 176, "night", 3),
            shape("M76 200Q160 130 324 110V150Q190 170 76 248Z", "sea/0.6"),
            circle(276, 130, 22, "butter"),
            circle(266, 124, 20, "night"),
            stroke("M104 130L142 112L176 132L160 172L118 190", "sky", 2.5),
            *(star(x, y, 8 if i % 3 else 11, "butter" if i % 2 else "cream") for i, (x, y) in enumerate(points)),
            _cuts(76, 90, 248, 176),
            _piece(136, 304, "night", -10),
            group(star(0, 0, 10, "butter"), move=(136, 304)),
            _piece(262, 304, "sea", 16),
        ]
    )


def dominoes() -> str:
    def tile(x: float, y: float, turn: float, upper: int, lower: int) -> str:
        spots = {
            1: ((0, 0),),
            2: ((-12, -12), (12, 12)),
            3: ((-12, -12), (0, 0), (12, 12)),
            4: ((-12, -12), (12, -12), (-12, 12), (12, 12)),
            5: ((-12, -12), (12, -12), (0, 0), (-12, 12), (12, 12)),
            6: ((-12, -13), (-12, 0), (-12, 13), (12, -13), (12, 0), (12, 13)),
        }
        halves = [circle(a, b - 31, 5, "ink") for a, b in spots[upper]] + [
            circle(a, b + 31, 5, "ink") for a, b in spots[lower]
        ]
        return group(
            box(-31, -62, 68, 130, "sand", 10),
            box(-31, -62, 62, 124, "cream", 10),
            stroke("M-22 0H22", "bark", 3),
            circle(0, 0, 5, "honey"),
            *halves,
            move=(x, y),
            turn=turn,
        )

    return "".join(
        [
            tile(96, 260, -4, 6, 4),
            tile(168, 250, 10, 3, 5),
            tile(246, 242, 22, 2, 6),
            tile(316, 268, 38, 5, 1),
            group(tile(0, 0, 90, 4, 2), move=(130, 166), scale=0.9),
        ]
    )


def chess() -> str:
    squares = "".join(
        box(72 + 32 * i, 262 + 17 * j, 32, 17, "cocoa" if (i + j) % 2 else "butter") for i in range(8) for j in range(4)
    )
    knight = "M150 262Q146 214 178 184Q146 196 132 216Q116 210 118 190Q126 150 158 128L162 98L184 116Q250 112 254 190Q256 232 244 262Z"
    return "".join(
        [
            box(64, 256, 272, 76, "bark", 6),
            squares,
            stroke("M200 262V330", "honey", 4),
            box(136, 258, 128, 20, "wood", 8),
            box(146, 240, 108, 20, "sand", 8),
            shape(knight, "sand"),
            shape("M184 116Q250 112 254 190Q256 232 244 250H214Q240 180 184 116Z", "wood"),
            stroke("M214 132l18 -4M228 152l18 -2M236 174l16 0M238 198l16 2", "bark", 4),
            circle(170, 152, 6, "ink"),
            circle(134, 200, 3.5, "bark"),
            stroke("M140 208Q150 204 156 196", "bark", 3.5),
            _small(292, 262, "cocoa"),
            _small(104, 264, "cocoa"),
        ]
    )


def _small(x: float, y: float, colour: str) -> str:
    return group(
        shape("M-20 6Q-8 -14 -10 -40H10Q8 -14 20 6Z", colour),
        circle(0, -48, 15, colour),
        ellipse(0, -32, 15, 5, colour),
        circle(-4, -53, 4, "white/0.35"),
        move=(x, y),
    )


def memory() -> str:
    def card(x: float, y: float, face: str, turn: float = 0) -> str:
        return group(box(-42, -42, 84, 84, "cream", 10), box(-36, -36, 72, 72, "mint", 8), face, move=(x, y), turn=turn)

    carrot = shape("M-12 -14H12Q10 16 0 30Q-10 16 -12 -14Z", "orange") + stroke(
        "M0 -16V-30M-5 -16L-14 -28M5 -16L14 -28", "pine", 5
    )
    tomato = circle(0, 4, 23, "tomato") + star(0, -16, 13, "pine")
    pea = ellipse(0, 0, 31, 13, "pine", -20) + "".join(circle(x, -x * 0.36, 8, "leaf") for x in (-16, 0, 16))
    back = "".join(circle(x, y, 5, "cream/0.8") for x in (-18, 0, 18) for y in (-18, 0, 18))
    return "".join(
        [
            box(40, 88, 320, 242, "pine", 16),
            box(50, 98, 300, 222, "leaf", 10),
            card(102, 158, carrot, -4),
            card(200, 152, group(box(-36, -36, 72, 72, "tomato", 8), back), 3),
            card(298, 158, tomato, -3),
            card(104, 262, tomato, 5),
            card(202, 258, pea, -5),
            card(300, 262, carrot, 6),
        ]
    )


TOYS = {
    "board-game-market-day": ("peach", market_day),
    "card-game-tin-thieves": ("mint", tin_thieves),
    "jigsaw-puzzle-old-harbour": ("sky", old_harbour),
    "jigsaw-puzzle-night-sky": ("lilac", night_sky),
    "dominoes-bone-white": ("rose", dominoes),
    "chess-set-travelling-knight": ("mint", chess),
    "memory-pairs-kitchen-garden": ("butter", memory),
}
