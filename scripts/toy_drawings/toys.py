"""Kites, robots and what else is played with."""

from .shapes import box, circle, ellipse, group, mirrored, polygon, shape, star, stroke


def kite_alone(colours: tuple[str, str, str, str] = ("tomato", "honey", "brick", "orange")) -> str:
    """Its cross is at 0, 0; it is 150 wide and 200 tall."""
    upper_left, upper_right, lower_left, lower_right = colours
    return "".join(
        [
            polygon([(0, -80), (-75, 0), (0, 0)], upper_left),
            polygon([(0, -80), (75, 0), (0, 0)], upper_right),
            polygon([(0, 120), (-75, 0), (0, 0)], lower_left),
            polygon([(0, 120), (75, 0), (0, 0)], lower_right),
            stroke("M0 -80V120M-75 0H75", "cream", 4),
        ]
    )


def _bows(points: tuple[tuple[float, float, float], ...], colours: tuple[str, ...]) -> str:
    return "".join(
        group(shape("M0 0L-14 -9V9ZM0 0L14 -9V9Z", colours[i % len(colours)]), move=(x, y), turn=turn)
        for i, (x, y, turn) in enumerate(points)
    )


def kite() -> str:
    return "".join(
        [
            stroke("M158 238Q120 270 152 292Q190 314 238 296Q262 286 262 306", "ink", 3),
            _bows(((138, 262, 60), (160, 296, -20), (204, 305, 5), (246, 294, -30)), ("tomato", "sea", "honey")),
            group(kite_alone(), move=(212, 140), turn=24),
            stroke("M212 140Q300 220 300 296", "ink/0.7", 2.5),
            box(278, 296, 44, 30, "bark", 6),
            box(284, 290, 32, 42, "wood", 6),
            stroke("M286 302h28M286 311h28M286 320h28", "tomato", 5),
        ]
    )


def robot() -> str:
    return "".join(
        [
            stroke("M200 78V52", "slate", 6),
            circle(200, 48, 11, "tomato"),
            box(146, 78, 108, 82, "sky", 16),
            box(132, 104, 16, 32, "slate", 5),
            box(252, 104, 16, 32, "slate", 5),
            mirrored(circle(176, 112, 18, "cream"), circle(176, 112, 9, "ink"), circle(179, 108, 3, "white")),
            box(170, 138, 60, 13, "night", 5),
            stroke("M182 139v11M194 139v11M206 139v11M218 139v11", "cream", 3),
            box(182, 160, 36, 12, "slate"),
            box(130, 170, 140, 104, "sea", 14),
            box(130, 170, 140, 104, "white/0.12", 14),
            box(148, 186, 104, 56, "cream", 8),
            circle(170, 206, 11, "tomato"),
            circle(200, 206, 11, "honey"),
            circle(230, 206, 11, "leaf"),
            stroke("M160 230h80", "slate", 5),
            mirrored(circle(147, 258, 5, "sky"), box(102, 178, 24, 66, "slate", 11)),
            mirrored(shape("M96 246q0 -14 18 -14q18 0 18 14v14l-10 12v-16h-16v16l-10 -12Z", "tomato")),
            mirrored(box(148, 274, 36, 40, "slate"), box(138, 306, 52, 26, "tomato", 8)),
            # The key that winds him up.
            stroke("M270 214h18", "bark", 7),
            circle(298, 204, 12, "honey"),
            circle(298, 226, 12, "honey"),
            circle(298, 204, 5, "lilac tint"),
            circle(298, 226, 5, "lilac tint"),
            stroke("M140 184Q140 178 148 178", "white/0.7", 4),
        ]
    )


def yo_yo() -> str:
    return "".join(
        [
            stroke("M226 70Q250 60 244 46Q232 32 220 46Q214 62 226 72Q236 110 222 150", "ink", 4),
            ellipse(222, 238, 84, 92, "brick"),
            ellipse(206, 238, 84, 92, "tomato"),
            ellipse(202, 238, 64, 70, "honey"),
            ellipse(200, 238, 44, 50, "tomato"),
            star(198, 238, 34, "butter"),
            stroke("M146 190Q156 168 176 158", "white/0.6", 6),
            stroke("M290 190q20 10 26 30M298 166q34 16 40 56", "tomato/0.35", 6),
        ]
    )


def spinning_top() -> str:
    return "".join(
        [
            ellipse(200, 330, 60, 7, "ink/0.18"),
            stroke("M200 60V130", "slate", 9),
            ellipse(200, 58, 24, 15, "tomato"),
            ellipse(200, 54, 16, 7, "white/0.35"),
            shape("M188 296L200 330L212 296Z", "slate"),
            shape("M74 206Q120 296 200 300Q280 296 326 206Z", "sea"),
            shape("M74 206Q90 132 200 128Q310 132 326 206Q200 250 74 206Z", "honey"),
            shape("M110 156Q150 130 200 128Q250 130 290 156Q200 184 110 156Z", "tomato"),
            shape("M74 206Q200 250 326 206L322 216Q200 260 78 216Z", "cream"),
            _bird(130, 196, 1),
            _bird(200, 206, 1),
            _bird(268, 196, 1),
            stroke("M106 262Q146 286 200 286Q254 286 294 262", "sky", 7),
            stroke("M50 236q-12 -20 0 -42M350 236q12 -20 0 -42", "sea/0.4", 6),
        ]
    )


def _bird(x: float, y: float, scale: float) -> str:
    return group(
        shape("M-18 2Q-8 -12 6 -6Q14 -12 20 -4L26 0L20 3Q14 14 -2 12Z", "sea"),
        shape("M-4 0Q4 -16 -10 -18Q-14 -6 -4 0Z", "leaf"),
        circle(15, -1, 2, "white"),
        move=(x, y),
        scale=scale,
    )


def skipping_rope() -> str:
    return "".join(
        [
            stroke("M122 224Q40 60 200 74Q360 60 278 224", "cream", 15),
            stroke("M122 224Q40 60 200 74Q360 60 278 224", "tomato", 8),
            mirrored(
                group(
                    box(-16, 0, 32, 104, "honey", 12),
                    box(-16, 14, 32, 14, "sea"),
                    box(-16, 76, 32, 14, "sea"),
                    ellipse(0, 4, 11, 5, "bark"),
                    box(6, 8, 6, 88, "white/0.35", 3),
                    move=(122, 226),
                    turn=14,
                )
            ),
        ]
    )


def bucket() -> str:
    return "".join(
        [
            stroke("M96 190Q110 70 176 74Q240 78 252 188", "slate", 8),
            # The spade leans behind.
            group(
                box(-8, -150, 16, 130, "wood", 7),
                box(-26, -166, 52, 18, "bark", 9),
                shape("M-36 -30H36V20Q30 62 0 72Q-30 62 -36 20Z", "honey"),
                stroke("M0 -20V44", "orange", 6),
                move=(286, 262),
                turn=12,
            ),
            shape("M84 186H264L240 330H108Z", "tomato"),
            shape("M214 186H264L240 330H206Z", "brick/0.55"),
            ellipse(174, 186, 92, 17, "brick"),
            ellipse(174, 184, 78, 11, "sand"),
            shape("M90 222H258L254 246H94Z", "cream"),
            star(130, 280, 22, "butter"),
            shape("M170 276q24 -28 46 0q-10 14 -22 14q-14 0 -24 -14l-14 -10v20Z", "butter"),
            circle(204, 274, 3, "brick"),
        ]
    )


def telescope() -> str:
    return "".join(
        [
            mirrored(stroke("M196 222L140 330", "bark", 11)),
            stroke("M200 222V330", "wood", 11),
            group(
                box(-140, -26, 76, 52, "bark", 8),
                box(-148, -32, 22, 64, "honey", 6),
                box(-70, -20, 100, 40, "honey"),
                box(-70, 6, 100, 14, "orange/0.6"),
                box(24, -26, 12, 52, "butter", 4),
                box(34, -15, 78, 30, "butter"),
                box(34, 4, 78, 11, "orange/0.5"),
                box(106, -20, 24, 40, "bark", 6),
                stroke("M-128 -12H-84M-128 12H-84", "wood", 5),
                move=(200, 186),
                turn=-24,
            ),
            circle(200, 214, 18, "slate"),
            circle(200, 214, 8, "grey"),
            star(88, 92, 13, "honey"),
            star(132, 66, 8, "honey"),
            star(314, 236, 8, "honey"),
        ]
    )


def bubbles() -> str:
    return "".join(
        [
            shape("M112 176Q190 60 292 92Q350 120 304 174Q260 216 178 214Z", "sky/0.45"),
            shape("M150 148Q210 92 278 108Q296 116 286 124Q220 116 168 166Z", "white/0.75"),
            stroke("M286 140q16 12 0 32", "rose/0.9", 6),
            circle(328, 226, 24, "sky/0.5"),
            circle(320, 218, 7, "white/0.8"),
            circle(296, 270, 13, "lilac/0.7"),
            circle(342, 72, 12, "rose/0.6"),
            group(ellipse(0, 0, 52, 24, "tomato"), ellipse(0, 0, 43, 17, "sky tint"), move=(146, 198), turn=28),
            stroke("M104 186L88 326M182 230L150 326", "bark", 10),
            stroke("M104 186L88 326M182 230L150 326", "wood", 5),
            box(200, 250, 74, 80, "leaf", 12),
            box(216, 232, 42, 24, "honey", 6),
            box(200, 272, 74, 38, "cream"),
            circle(226, 292, 10, "sky"),
            circle(246, 284, 7, "sky"),
            circle(246, 299, 5, "sky"),
        ]
    )


TOYS = {
    "diamond-kite-first-wind": ("sky", kite),
    "tin-robot-model-58": ("lilac", robot),
    "yo-yo-comet": ("mint", yo_yo),
    "spinning-top-humming-bird": ("rose", spinning_top),
    "skipping-rope-double-dutch": ("sky", skipping_rope),
    "bucket-and-spade-low-tide": ("sky", bucket),
    "pocket-telescope-crows-nest": ("lilac", telescope),
    "bubble-ring-big-top": ("peach", bubbles),
}
