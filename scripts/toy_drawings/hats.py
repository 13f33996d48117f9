"""Hats, each on its stand."""

from .shapes import box, circle, ellipse, mirrored, shape, star, stroke

STAND = (
    box(190, 236, 20, 84, "bark", 4)
    + shape("M140 332Q144 312 200 312Q256 312 260 332Z", "bark")
    + ellipse(200, 240, 46, 30, "wood")
)


def bobble_hat() -> str:
    ribs = "".join(stroke(f"M{x} 214V250", "brick", 4) for x in range(108, 300, 16))
    return "".join(
        [
            STAND,
            shape("M96 222Q96 112 200 108Q304 112 304 222Z", "tomato"),
            shape("M108 174Q200 156 292 174L300 200Q200 180 100 200Z", "cream"),
            *(star(x, y, 9, "tomato") for x, y in ((136, 181), (168, 176), (200, 174), (232, 176), (264, 181))),
            *(
                circle(x, y, 4, "cream")
                for x, y in ((150, 148), (176, 138), (200, 150), (226, 138), (250, 148), (200, 128))
            ),
            box(88, 208, 224, 50, "tomato", 20),
            ribs,
            circle(200, 88, 38, "cream"),
            *(
                circle(x, y, 12, "cream")
                for x, y in ((166, 72), (162, 98), (184, 56), (214, 54), (234, 72), (238, 98), (220, 118), (182, 120))
            ),
            stroke("M186 76q8 -8 14 0M206 94q8 -8 14 0M180 100q8 -8 14 0", "sand", 4),
        ]
    )


def sun_hat() -> str:
    return "".join(
        [
            STAND,
            stroke("M108 226Q130 300 200 300Q270 300 292 226", "sea", 5),
            shape("M36 236Q110 186 200 190Q290 186 364 236Q340 268 284 250Q200 232 116 250Q60 268 36 236Z", "sky"),
            shape(
                "M56 240Q120 204 200 206Q280 204 344 240Q330 256 284 246Q200 228 116 246Q70 256 56 240Z", "white/0.4"
            ),
            shape("M118 212Q120 110 200 108Q280 110 282 212Q200 192 118 212Z", "sand"),
            shape("M117 212Q118 190 121 180Q200 160 279 180Q282 190 283 212Q200 192 117 212Z", "tomato"),
            stroke("M160 132Q172 122 188 120", "cream", 7),
        ]
    )


def newsboy_cap() -> str:
    return "".join(
        [
            STAND,
            shape("M70 220Q62 132 190 118Q330 114 330 200Q326 240 200 240Q90 244 70 220Z", "slate"),
            shape("M190 118Q176 170 190 238Q90 244 70 220Q62 132 190 118Z", "ink/0.12"),
            stroke(
                "M190 120Q164 170 178 236M190 120Q232 160 242 234M190 120Q284 150 306 220M190 120Q112 146 98 222",
                "grey",
                4,
            ),
            stroke(
                "M112 188l10 -8l10 8M140 204l10 -8l10 8M206 180l10 -8l10 8M254 186l10 -8l10 8M222 212l10 -8l10 8M280 206l8 -8l8 8M130 160l10 -8l10 8",
                "grey/0.7",
                3,
            ),
            shape("M60 232Q120 208 214 226Q218 244 206 250Q130 236 64 262Q48 252 60 232Z", "night"),
            circle(190, 118, 12, "grey"),
        ]
    )


def captains_cap() -> str:
    return "".join(
        [
            STAND,
            shape("M70 168Q80 106 200 104Q320 106 330 168Q300 196 200 196Q100 196 70 168Z", "white"),
            shape("M70 168Q100 196 200 196Q300 196 330 168Q322 200 292 204H108Q78 200 70 168Z", "ink/0.1"),
            shape("M104 186Q200 206 296 186L292 234Q200 252 108 234Z", "night"),
            shape("M106 196Q200 216 294 196L293 206Q200 226 107 206Z", "honey"),
            shape("M100 236Q200 250 300 236Q304 268 270 270Q200 250 130 270Q96 268 100 236Z", "ink"),
            stroke("M120 250Q200 240 280 250", "white/0.4", 5),
            stroke("M200 146V184M184 172Q186 186 200 188Q214 186 216 172M190 156H210", "honey", 6),
            circle(200, 140, 7, "honey"),
            circle(200, 140, 3, "white"),
            mirrored(circle(116, 216, 6, "honey")),
        ]
    )


def beanie() -> str:
    rows = "".join(
        stroke(f"M{200 - w} {y}Q200 {y - 14} {200 + w} {y}", "white/0.18", 4)
        for y, w in ((136, 60), (156, 78), (176, 90), (196, 97))
    )
    return "".join(
        [
            STAND,
            shape("M98 224Q92 104 200 98Q308 104 302 224Z", "night"),
            rows,
            stroke("M126 178Q200 158 274 178", "butter", 6),
            box(90, 206, 220, 50, "sea", 18),
            "".join(stroke(f"M{x} 214V248", "night/0.5", 4) for x in range(108, 300, 18)),
            box(250, 218, 34, 26, "honey", 4),
            star(267, 231, 9, "night"),
            star(94, 96, 10, "honey"),
            star(316, 110, 13, "honey"),
            star(344, 72, 7, "honey"),
        ]
    )


def straw_hat() -> str:
    weave = "".join(stroke(f"M{130 + 12 * i} {202 - (i % 2) * 4}L{142 + 10 * i} 128", "wood/0.5", 3) for i in range(12))
    return "".join(
        [
            STAND,
            ellipse(200, 222, 156, 36, "honey"),
            ellipse(200, 217, 156, 34, "butter"),
            stroke("M70 214Q130 190 200 190M96 236Q200 256 310 232M120 200Q200 186 290 204", "honey", 4),
            shape("M122 212Q122 112 200 110Q278 112 278 212Q200 232 122 212Z", "butter"),
            weave,
            shape("M122 212Q121 190 123 178Q200 198 277 178Q279 190 278 212Q200 232 122 212Z", "tomato"),
            shape("M262 198L322 232L306 246L258 212ZM262 198L298 262L278 262L252 208Z", "brick"),
            circle(128, 192, 13, "white"),
            circle(128, 192, 5, "honey"),
            circle(152, 200, 11, "white"),
            circle(152, 200, 4, "honey"),
            shape("M104 186q-10 14 2 22q12 -6 -2 -22Z", "leaf"),
        ]
    )


def rain_hat() -> str:
    return "".join(
        [
            STAND,
            stroke("M124 246Q150 300 196 300M276 246Q250 300 204 300", "bark", 5),
            shape("M118 214Q112 104 206 98Q296 104 290 206Z", "honey"),
            shape("M204 98Q250 130 246 208H290Q296 104 206 98Z", "orange/0.5"),
            stroke("M204 100Q160 140 160 208M206 100Q252 140 250 206", "orange", 4),
            shape(
                "M110 206Q200 180 296 200Q350 224 360 276Q340 288 300 262Q200 230 108 252Q72 256 60 242Q74 214 110 206Z",
                "honey",
            ),
            shape(
                "M300 262Q340 288 360 276L358 262Q330 262 296 240Q200 212 108 234Q80 240 62 236L60 242Q72 256 108 252Q200 230 300 262Z",
                "orange",
            ),
            *(
                shape(f"M{x} {y}q-10 16 0 22q10 -6 0 -22Z", "sea")
                for x, y in ((92, 108), (128, 72), (300, 84), (332, 142), (66, 166), (258, 56))
            ),
        ]
    )


def top_hat() -> str:
    return "".join(
        [
            # Standing on its brim, the ears look out of the secret pocket.
            ellipse(200, 312, 138, 22, "ink"),
            ellipse(200, 306, 138, 20, "night"),
            shape("M112 138L128 306Q200 322 272 306L288 138Z", "ink"),
            shape("M230 138L226 314Q256 312 272 306L288 138Z", "white/0.08"),
            shape("M123 258Q200 276 277 258L273 296Q200 314 127 296Z", "plum"),
            ellipse(200, 138, 88, 20, "night"),
            ellipse(200, 138, 74, 14, "ink"),
            ellipse(178, 96, 13, 46, "white", -10),
            ellipse(178, 100, 6, 34, "rose", -10),
            ellipse(220, 96, 13, 46, "white", 12),
            ellipse(220, 100, 6, 34, "rose", 12),
            shape("M148 140Q154 112 200 112Q246 112 252 140Q226 152 200 152Q174 152 148 140Z", "white"),
            circle(182, 132, 5, "ink"),
            circle(218, 132, 5, "ink"),
            shape("M112 138Q140 160 200 158Q260 160 288 138L287 150Q250 168 200 168Q150 168 113 150Z", "ink"),
            stroke("M318 96L366 48", "ink", 9),
            stroke("M354 60L366 48", "cream", 9),
            star(320, 66, 12, "honey"),
            star(346, 110, 9, "honey"),
            star(296, 44, 8, "honey"),
            star(90, 92, 9, "honey"),
        ]
    )


TOYS = {
    "bobble-hat-snowfall": ("sky", bobble_hat),
    "sun-hat-lighthouse": ("butter", sun_hat),
    "newsboy-cap-extra-edition": ("peach", newsboy_cap),
    "captains-cap-harbour": ("sky", captains_cap),
    "beanie-night-watch": ("lilac", beanie),
    "straw-hat-orchard": ("mint", straw_hat),
    "rain-hat-gutter": ("sky", rain_hat),
    "magicians-top-hat": ("lilac", top_hat),
}
