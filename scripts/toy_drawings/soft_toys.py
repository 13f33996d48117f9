"""Bears and others."""

from .faces import bow, cheeks, eyes, snout
from .shapes import box, circle, ellipse, group, mirrored, shape, stroke


def bear() -> str:
    stitches = "M216 282h-6M216 294h-6M246 282h6M246 294h6M224 272v-6M238 272v-6M224 304v6M238 304v6"
    return "".join(
        [
            ellipse(200, 264, 66, 68, "wood"),
            ellipse(200, 270, 42, 46, "sand"),
            mirrored(ellipse(138, 244, 20, 46, "bark", 28)),
            mirrored(ellipse(146, 312, 38, 26, "bark"), ellipse(137, 313, 17, 17, "sand")),
            mirrored(circle(148, 112, 27, "wood"), circle(148, 112, 14, "sand")),
            ellipse(200, 160, 68, 62, "wood"),
            snout(200, 182, "cream"),
            eyes(172, 228, 150),
            cheeks(152, 248, 174),
            bow(200, 224, "tomato"),
            box(216, 272, 30, 32, "sky", 4),
            stroke(stitches, "sea", 3),
        ]
    )


def rabbit() -> str:
    return "".join(
        [
            # One ear has fallen over.
            ellipse(166, 78, 18, 62, "grey", -8),
            ellipse(166, 84, 9, 46, "rose", -8),
            shape("M222 116Q228 34 262 40Q306 50 288 128Q262 138 262 106Q258 84 250 118Z", "grey"),
            shape("M262 58Q290 66 280 118Q270 116 270 98Q268 74 262 58Z", "rose"),
            ellipse(200, 268, 58, 64, "grey"),
            ellipse(200, 274, 38, 46, "cream"),
            mirrored(ellipse(154, 256, 17, 40, "grey", 24), ellipse(154, 256, 17, 40, "ink/0.08", 24)),
            mirrored(ellipse(158, 316, 36, 20, "grey"), ellipse(148, 317, 16, 12, "rose")),
            circle(200, 160, 58, "grey"),
            ellipse(200, 182, 26, 18, "cream"),
            shape("M190 172H210L200 182Z", "rose"),
            stroke("M200 182V190M190 192Q196 196 200 190Q204 196 210 192", "ink", 3),
            eyes(176, 224, 154),
            cheeks(156, 244, 178),
            shape("M150 212Q200 236 250 212L254 228Q200 254 146 228Z", "tomato"),
            shape("M224 226L262 268L242 276L214 236Z", "brick"),
        ]
    )


def elephant() -> str:
    return "".join(
        [
            stroke("M296 232Q322 240 318 270", "slate", 8),
            box(196, 272, 32, 58, "slate", 14),
            box(236, 272, 32, 58, "slate", 14),
            box(270, 258, 36, 74, "grey", 14),
            ellipse(226, 238, 84, 66, "grey"),
            box(156, 264, 36, 68, "grey", 14),
            shape("M176 188Q220 172 290 196Q304 236 288 252Q230 268 180 246Z", "tomato"),
            shape("M180 236Q230 258 290 242L289 252Q230 270 180 247Z", "honey"),
            circle(232, 216, 13, "honey"),
            circle(156, 176, 60, "grey"),
            shape("M112 176Q84 216 92 268Q98 300 122 296Q134 290 122 282Q114 270 126 232Q142 214 146 190Z", "grey"),
            stroke("M98 232Q106 238 116 234M96 254Q104 260 114 256", "slate", 3),
            ellipse(200, 162, 42, 54, "slate", -12),
            ellipse(203, 164, 28, 40, "rose", -12),
            eyes(130, 130, 166),
            cheeks(140, 140, 194, 10),
            shape("M134 220Q120 250 108 248Q124 236 122 214Z", "cream"),
        ]
    )


def fox() -> str:
    """Curled up, with one eye open."""
    return "".join(
        [
            ellipse(200, 322, 140, 14, "plum"),
            ellipse(200, 314, 140, 18, "lilac"),
            ellipse(214, 258, 108, 62, "orange"),
            shape("M300 214Q350 268 296 306Q214 336 120 316Q92 306 104 290Q200 306 262 276Q290 256 278 214Z", "tomato"),
            shape("M160 296Q112 282 92 300Q98 322 150 320Q172 312 160 296Z", "cream"),
            shape("M86 186L100 128L140 168ZM202 178L190 120L152 162Z", "orange"),
            shape("M98 174L104 144L126 168ZM194 168L186 138L166 162Z", "ink"),
            shape(
                "M80 200Q90 158 146 158Q204 158 212 198Q214 224 192 240Q166 262 148 276Q128 262 104 242Q80 226 80 200Z",
                "orange",
            ),
            shape(
                "M80 204Q100 206 118 230Q134 252 148 276Q128 262 104 242Q82 226 80 204ZM212 204Q194 206 178 230Q162 252 148 276Q166 262 192 240Q212 226 212 204Z",
                "cream",
            ),
            ellipse(148, 270, 11, 8, "ink"),
            eyes(120, 120, 208),
            stroke("M164 210Q174 218 186 208", "ink", 4),
        ]
    )


def owl() -> str:
    feathers = "".join(
        stroke(f"M{x - 9} {y}Q{x} {y + 10} {x + 9} {y}", "bark", 4)
        for y, row in ((226, (176, 200, 224)), (248, (164, 188, 212, 236)), (270, (176, 200, 224)), (290, (188, 212)))
        for x in row
    )
    return "".join(
        [
            box(90, 318, 220, 14, "cocoa", 7),
            shape(
                "M124 110Q132 150 122 200Q112 320 200 320Q288 320 278 200Q268 150 276 110Q244 124 200 124Q156 124 124 110Z",
                "bark",
            ),
            ellipse(200, 252, 54, 62, "sand"),
            feathers,
            mirrored(shape("M126 190Q98 236 120 296Q142 286 140 232Z", "cocoa")),
            mirrored(circle(168, 168, 36, "cream"), circle(168, 168, 15, "ink"), circle(173, 162, 5, "white")),
            mirrored(shape("M168 128A40 40 0 1 1 167.9 128ZM168 135A33 33 0 1 0 168.1 135Z", "plum")),
            stroke("M196 164Q200 160 204 164M130 158L122 150M270 158L278 150", "plum", 6),
            shape("M190 188H210L200 210Z", "honey"),
            mirrored(stroke("M176 318v8M186 318v8M166 318v8", "honey", 7)),
            shape("M170 96L200 84L230 96L200 108Z", "night"),
            box(184, 98, 32, 14, "night"),
            stroke("M230 96V116", "honey", 4),
            circle(230, 119, 5, "honey"),
        ]
    )


def whale() -> str:
    return "".join(
        [
            stroke("M150 130Q146 96 122 92M150 130Q152 92 178 90M150 130V100", "sky", 8),
            shape("M290 232Q330 220 336 176Q322 166 312 176Q300 158 284 166Q278 186 296 200Q300 212 276 220Z", "sea"),
            shape(
                "M52 246Q48 142 160 138Q250 138 286 222Q304 220 316 206Q318 300 250 322Q200 332 140 330Q60 326 52 246Z",
                "sea",
            ),
            shape("M54 262Q120 284 196 264Q240 254 284 288Q268 316 250 322Q200 332 140 330Q66 328 54 262Z", "cream"),
            stroke("M84 290Q120 300 160 296M96 308Q140 316 186 308M200 288Q226 284 250 296", "sky", 4),
            shape("M176 272Q206 262 214 286Q206 318 178 316Q166 296 176 272Z", "night"),
            eyes(104, 104, 232),
            cheeks(126, 126, 254),
            stroke("M56 258Q74 272 92 260", "night", 4),
            stroke("M236 190q10 4 18 14M222 176q8 2 12 6", "sky/0.7", 6),
        ]
    )


def crocodile() -> str:
    """A hand puppet: a sleeve with a head that snaps."""
    teeth = "".join(shape(f"M{x} 196l9 18l9 -18Z", "white") for x in range(76, 184, 20))
    lower = "".join(shape(f"M{x} 240l9 -16l9 16Z", "white") for x in range(92, 184, 20))
    scales = "".join(shape(f"M{x} {y}l14 -18l14 18Z", "pine") for x, y in ((216, 140), (246, 154), (268, 178)))
    return "".join(
        [
            scales,
            shape("M186 196Q190 130 236 142Q296 158 298 236L304 330H186L192 262Z", "leaf"),
            shape("M212 256Q250 262 252 330H186L192 262Z", "mint"),
            stroke("M198 284H244M196 306H250", "leaf", 4),
            shape("M60 196Q56 166 84 164Q150 170 172 150Q196 126 226 140L232 200Z", "leaf"),
            shape("M74 240Q150 236 220 214L240 246Q190 274 96 268Q72 262 74 240Z", "pine"),
            shape("M80 240Q150 236 220 214L212 200L66 196Z", "brick"),
            shape("M120 226Q160 210 214 210L210 224Q160 240 110 240Z", "rose"),
            teeth,
            lower,
            circle(196, 142, 24, "leaf"),
            circle(196, 140, 17, "cream"),
            circle(191, 140, 9, "ink"),
            circle(194, 136, 3, "white"),
            ellipse(82, 172, 5, 4, "pine"),
            ellipse(98, 172, 5, 4, "pine"),
            cheeks(232, 232, 190, 12),
            box(178, 312, 132, 22, "tomato", 8),
            stroke("M196 323h96", "butter", 4),
        ]
    )


def _mouse(x: float, y: float, scale: float, coat: str, scarf: str) -> str:
    return group(
        ellipse(0, 34, 34, 38, coat),
        circle(-28, -34, 21, coat),
        circle(28, -34, 21, coat),
        circle(-28, -34, 12, "rose"),
        circle(28, -34, 12, "rose"),
        circle(0, -8, 36, coat),
        circle(-13, -12, 5, "ink"),
        circle(13, -12, 5, "ink"),
        ellipse(0, 4, 6, 4.5, "tomato"),
        stroke("M-12 8L-32 4M-12 12L-30 16M12 8L32 4M12 12L30 16", "ink/0.5", 2),
        shape("M-30 20Q0 36 30 20L32 32Q0 48 -32 32Z", scarf),
        move=(x, y),
        scale=scale,
    )


def mice() -> str:
    """In a tin, like sardines."""
    return "".join(
        [
            shape("M92 214Q72 120 106 98L312 74Q340 96 320 206Z", "slate"),
            shape("M104 206Q90 128 114 112L304 90Q322 108 308 200Z", "grey"),
            stroke("M124 176L296 156", "cream/0.6", 6),
            _mouse(150, 200, 0.95, "grey", "sea"),
            _mouse(250, 200, 0.95, "wood", "tomato"),
            _mouse(110, 246, 0.62, "sand", "leaf"),
            _mouse(200, 242, 0.62, "wood", "honey"),
            _mouse(290, 246, 0.62, "grey", "plum"),
            shape("M70 262Q200 290 330 262L322 320Q312 334 288 334H112Q88 334 78 320Z", "tomato"),
            shape("M70 262Q200 290 330 262L328 278Q200 306 72 278Z", "cream"),
            shape("M156 312L176 296L200 308L224 296L244 312L224 322L200 314L176 322Z", "butter"),
        ]
    )


TOYS = {
    "bear-ferdinand": ("peach", bear),
    "rabbit-clementine": ("mint", rabbit),
    "elephant-archibald": ("sky", elephant),
    "fox-matilda": ("butter", fox),
    "owl-professor-plum": ("lilac", owl),
    "whale-barnaby": ("peach", whale),
    "hand-puppet-crocodile": ("butter", crocodile),
    "mouse-family-in-a-tin": ("rose", mice),
}
