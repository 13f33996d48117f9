"""Of beech, lime and maple."""

from .shapes import box, circle, ellipse, group, mirrored, polygon, shape, stroke


def town_hall() -> str:
    """Built of blocks."""
    return "".join(
        [
            box(84, 250, 56, 82, "sand"),
            box(260, 250, 56, 82, "sand"),
            box(84, 196, 56, 54, "honey"),
            box(260, 196, 56, 54, "honey"),
            polygon([(78, 196), (146, 196), (112, 150)], "tomato"),
            polygon([(254, 196), (322, 196), (288, 150)], "tomato"),
            box(140, 274, 120, 58, "wood"),
            shape("M170 332V304A30 30 0 0 1 230 304V332Z", "bark"),
            box(140, 238, 120, 36, "sky"),
            box(160, 178, 80, 60, "sand"),
            circle(200, 208, 20, "cream"),
            stroke("M200 208V196M200 208L209 213", "ink", 4),
            box(160, 140, 80, 38, "leaf"),
            polygon([(150, 140), (250, 140), (200, 74)], "sea"),
            stroke("M200 74V52", "bark", 5),
            polygon([(202, 50), (232, 58), (202, 68)], "tomato"),
            # Each block has a side that the light does not reach.
            "".join(
                box(x, y, 10, h, "ink/0.12")
                for x, y, h in (
                    (130, 250, 82),
                    (306, 250, 82),
                    (130, 196, 54),
                    (306, 196, 54),
                    (230, 178, 60),
                    (230, 140, 38),
                    (250, 238, 36),
                )
            ),
            stroke("M94 276h30M270 276h30M94 300h30M270 300h30", "wood", 3),
            mirrored(circle(112, 222, 9, "cream")),
        ]
    )


def railway() -> str:
    sleepers = "".join(box(x, 318, 10, 10, "bark") for x in range(44, 360, 24))
    return "".join(
        [
            sleepers,
            box(36, 312, 328, 8, "wood", 4),
            _wheels((70, 112, 158, 200)),
            box(52, 252, 78, 46, "leaf", 6),
            circle(72, 246, 13, "tomato"),
            circle(92, 242, 14, "honey"),
            circle(112, 247, 12, "tomato"),
            box(46, 256, 90, 12, "pine", 4),
            box(142, 252, 78, 46, "sky", 6),
            box(150, 226, 62, 28, "wood", 4),
            stroke("M150 240h62", "bark", 3),
            stroke("M130 286h14M220 286h14", "ink", 5),
            box(236, 236, 106, 56, "tomato", 8),
            box(232, 186, 56, 106, "tomato", 6),
            box(242, 200, 36, 34, "butter", 5),
            box(224, 172, 72, 16, "brick", 6),
            box(306, 196, 22, 42, "night", 4),
            box(300, 186, 34, 14, "night", 5),
            circle(298, 238, 8, "honey"),
            circle(342, 262, 10, "butter"),
            shape("M334 290L362 312H330Z", "honey"),
            _wheels((258, 312)),
            circle(322, 160, 17, "white/0.9"),
            circle(300, 130, 22, "white/0.8"),
            circle(268, 104, 15, "white/0.7"),
        ]
    )


def _wheels(places: tuple[int, ...]) -> str:
    return "".join(circle(x, 300, 17, "cocoa") + circle(x, 300, 7, "sand") for x in places)


def marble_run() -> str:
    return "".join(
        [
            box(96, 90, 18, 242, "wood", 4),
            box(286, 70, 18, 262, "wood", 4),
            box(80, 318, 240, 14, "bark", 6),
            polygon([(88, 118), (300, 152), (300, 172), (88, 138)], "honey"),
            polygon([(312, 178), (100, 214), (100, 234), (312, 198)], "tomato"),
            polygon([(88, 240), (262, 274), (262, 294), (88, 260)], "sea"),
            shape("M262 60H340L318 92V112H284V92Z", "leaf"),
            box(256, 54, 90, 10, "pine", 5),
            shape("M250 288Q250 330 300 330H330V312H300Q286 308 286 288Z", "bark"),
            *(
                circle(x, y, 12, c) + circle(x - 4, y - 4, 3.5, "white/0.8")
                for x, y, c in (
                    (300, 46, "sky"),
                    (140, 113, "tomato"),
                    (220, 126, "leaf"),
                    (236, 178, "honey"),
                    (132, 234, "plum"),
                    (208, 252, "tomato"),
                    (318, 304, "sky"),
                )
            ),
            shape("M108 76q0 -22 14 -22q14 0 14 22l6 8h-40Z", "honey"),
            circle(122, 88, 5, "orange"),
        ]
    )


def ark() -> str:
    return "".join(
        [
            box(120, 190, 160, 66, "honey", 4),
            polygon([(104, 192), (296, 192), (258, 140), (142, 140)], "tomato"),
            stroke("M130 174H272M142 156H258", "brick", 4),
            box(142, 206, 34, 34, "cocoa", 4),
            box(224, 206, 34, 34, "cocoa", 4),
            # Two giraffes, and two who look out.
            *(
                group(
                    shape("M-12 120L-6 0Q-6 -16 10 -16L26 -8Q28 2 14 2L12 120Z", "butter"),
                    circle(4, 80, 5, "orange"),
                    circle(-2, 100, 4, "orange"),
                    circle(0, 22, 5, "orange"),
                    circle(4, 42, 5, "orange"),
                    circle(-2, 58, 4, "orange"),
                    circle(10, -6, 3, "ink"),
                    stroke("M2 -16V-26M10 -16V-26", "orange", 4),
                    move=(x, 124),
                    scale=s,
                )
                for x, s in ((96, 1.0), (68, 0.86))
            ),
            circle(159, 226, 13, "grey"),
            circle(155, 223, 2.5, "ink"),
            circle(163, 223, 2.5, "ink"),
            circle(241, 226, 13, "wood"),
            circle(237, 223, 2.5, "ink"),
            circle(245, 223, 2.5, "ink"),
            shape("M40 216Q60 240 120 246H280Q340 240 366 204Q366 300 300 326H104Q44 306 40 216Z", "bark"),
            shape("M48 262Q130 280 200 280Q290 280 360 250L354 270Q290 298 200 298Q116 298 54 282Z", "wood"),
            stroke("M96 308Q200 322 312 306", "cocoa", 4),
            shape("M96 326H304L296 332H104Z", "cocoa"),
            # The dove.
            shape("M286 116q14 -16 30 -6l16 -14l-4 22q-8 18 -28 14l-22 8q-4 -12 8 -24Z", "white"),
            circle(290, 122, 2.5, "ink"),
            stroke("M276 134l-12 6M268 138l-4 -8", "leaf", 4),
        ]
    )


def duck() -> str:
    return "".join(
        [
            stroke("M72 262Q40 270 30 300Q24 322 50 322", "tomato", 5),
            circle(54, 321, 9, "bark"),
            box(78, 284, 236, 16, "tomato", 8),
            shape("M92 214Q108 290 200 290Q316 290 322 190Q280 214 244 196Q228 186 222 172Z", "honey"),
            shape("M172 218Q220 200 272 222Q262 268 214 264Q178 258 172 218Z", "orange"),
            stroke("M196 232q22 14 50 4M204 246q16 8 34 2", "honey", 4),
            circle(150, 150, 60, "honey"),
            shape("M100 148L58 158Q50 172 66 176L104 180Z", "tomato"),
            stroke("M64 167L102 166", "brick", 3),
            circle(134, 136, 9, "ink"),
            circle(137, 132, 3, "white"),
            circle(158, 174, 12, "tomato/0.28"),
            shape("M148 92q4 -22 20 -20q-4 8 4 18Z", "orange"),
            shape("M104 206Q150 236 204 196L208 212Q152 250 104 224Z", "sea"),
            circle(130, 304, 28, "sea"),
            circle(130, 304, 11, "butter"),
            circle(268, 304, 28, "sea"),
            circle(268, 304, 11, "butter"),
            circle(130, 290, 4, "butter"),
            circle(268, 290, 4, "butter"),
        ]
    )


def abacus() -> str:
    colours = ("tomato", "honey", "leaf", "plum", "orange", "sea")
    rows = []
    for row, (y, left) in enumerate(zip(range(118, 290, 32), (5, 3, 7, 2, 6, 4), strict=True)):
        rows.append(stroke(f"M96 {y}H304", "slate", 3))
        for bead in range(8):
            x = 108 + 19 * bead if bead < left else 292 - 19 * (7 - bead)
            rows.append(ellipse(x, y, 9, 13, colours[row]) + ellipse(x - 3, y - 5, 2.5, 4, "white/0.5"))
    return "".join(
        [
            box(70, 80, 28, 252, "wood", 8),
            box(302, 80, 28, 252, "wood", 8),
            box(60, 76, 280, 22, "bark", 10),
            box(60, 296, 280, 22, "bark", 10),
            *rows,
            mirrored(shape("M62 332L72 312H100L108 332Z", "cocoa")),
        ]
    )


def toolbox() -> str:
    return "".join(
        [
            group(
                box(-9, -20, 18, 150, "bark", 7),
                box(-44, -54, 88, 36, "slate", 8),
                box(-44, -54, 22, 36, "grey", 8),
                move=(140, 132),
                turn=-10,
            ),
            group(
                shape("M-8 120V10L60 -50L92 -40L26 120Z", "grey"),
                stroke("M26 112L88 -34", "slate", 5),
                shape("M-20 100H34V150H-20Z", "tomato"),
                move=(246, 128),
                turn=4,
            ),
            group(
                box(-9, 30, 18, 70, "honey", 6),
                box(-4, -30, 8, 64, "slate"),
                box(-8, -44, 16, 16, "slate", 2),
                move=(200, 132),
            ),
            stroke("M104 232V150Q104 128 126 128H274Q296 128 296 150V232", "wood", 16),
            box(62, 222, 276, 110, "tomato", 8),
            box(62, 222, 276, 26, "brick", 8),
            box(84, 262, 232, 52, "honey", 6),
            circle(200, 288, 17, "cream"),
            stroke("M190 288h20M200 278v20", "bark", 5),
            mirrored(circle(112, 288, 9, "slate"), stroke("M106 288h12", "grey", 3)),
        ]
    )


TOYS = {
    "building-blocks-town-hall": ("mint", town_hall),
    "wooden-railway-valley-line": ("sky", railway),
    "marble-run-cascade": ("peach", marble_run),
    "noahs-ark": ("sky", ark),
    "pull-along-duck": ("mint", duck),
    "abacus-market-day": ("butter", abacus),
    "toolbox-little-carpenter": ("sky", toolbox),
}
