"""Makes the files of one picture: `python -m markethall.catalog.media.worker`, what was uploaded on its standard input.

A process of its own for each picture. Decoders are large, and written in C: what goes wrong in one ends here, within
limits on memory and time, and with nothing in reach that is worth having. What Pillow needs goes with the process.

Answers one line of JSON, `{"width", "height", "files": [bytes, …]}` or `{"refused", "detail"}`, and then the files.
"""

import json
import os
import resource
import signal
import sys
from io import BytesIO
from typing import Any

from PIL import AvifImagePlugin, Image, ImageCms

from markethall.catalog.media.picture import MAX_PIXELS, MAX_SIDE, WIDTHS, scaled

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")
MEMORY_BYTES = 1 << 30
"""Of addresses. 50 million pixels with transparency are 200 MB, and are there twice at most."""
CPU_SECONDS = 20
WALL_SECONDS = 30
QUALITY = 82
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture upright, by its orientation."""
SIDEWAYS = (5, 6, 7, 8)


class Refused(Exception):
    """`code` is that of the problem that the client sees."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def main() -> None:
    _limit()
    content = sys.stdin.buffer.read()
    files: list[bytes] = []
    try:
        answer, files = _made(content)
    except Refused as refused:
        answer = {"refused": refused.code, "detail": str(refused)}
    except MemoryError:
        answer = {"refused": "image_too_costly", "detail": "It takes too much memory."}
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + b"".join(files))


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    signal.alarm(WALL_SECONDS)  # nobody may be left to end it
    os.nice(10)  # buyers come first


def _made(content: bytes) -> tuple[dict[str, Any], list[bytes]]:
    image = _opened(content)
    try:
        orientation = _orientation(image)
        width, height = image.size[::-1] if orientation in SIDEWAYS else image.size
        largest = scaled(width, height, WIDTHS[-1])
        # A JPEG is decoded at a fraction of its size where that is enough.
        image.draft(None, (2 * largest[0], 2 * largest[1]))
        image.load()
        picture = _in_plain_colours(image, largest)
    except MemoryError:
        raise
    except Exception as error:
        raise Refused("not_an_image", f"It cannot be decoded: {str(error)[:200]}") from error
    if orientation in TURNS:
        picture = picture.transpose(TURNS[orientation])
    files = []
    for step in reversed(WIDTHS):
        picture = _resized(picture, scaled(width, height, step))
        files.append(_encoded(picture))
    return {"width": largest[0], "height": largest[1], "files": [len(file) for file in files[::-1]]}, files[::-1]


def _opened(content: bytes) -> Image.Image:
    """Its head is read, and no pixel yet. Of an animation, the first picture counts."""
    Image.MAX_IMAGE_PIXELS = None  # ours is below
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    try:
        image = Image.open(BytesIO(content), formats=FORMATS)
    except Exception as error:
        raise Refused("not_an_image", "Send a JPEG, PNG, WebP or AVIF.") from error
    width, height = image.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        limits = f"at most {MAX_PIXELS:,} in all, and {MAX_SIDE:,} in a row or column"
        raise Refused("image_too_large", f"It has {width:,} by {height:,} pixels; {limits}.")
    return image


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except MemoryError:
        raise
    except Exception:  # damaged: then nothing is known of it
        return 1


def _in_plain_colours(image: Image.Image, largest: tuple[int, int]) -> Image.Image:
    """8 bits a channel in sRGB, with transparency where there is any; shrunk before it costs anything."""
    if image.mode.startswith("I"):
        # 16 bits of grey: `convert` would cut off, not scale.
        image = image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    wanted = "RGBA" if image.has_transparency_data else "RGB"
    profile = image.info.get("icc_profile")
    if image.mode not in ("RGB", "RGBA", "L", "CMYK"):
        image = image.convert(wanted)
    side = max(largest)
    image.thumbnail((2 * side, 2 * side), Image.Resampling.BOX)
    if profile and image.mode in ("RGB", "RGBA", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            image = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=wanted) or image
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a profile that does not fit is as good as none
    return image.convert(wanted)


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)


def _encoded(image: Image.Image) -> bytes:
    """Pixels, and nothing else that was in the upload."""
    bare = Image.new(image.mode, image.size)
    bare.paste(image)
    file = BytesIO()
    bare.save(file, "WEBP", quality=QUALITY, method=4)
    return file.getvalue()


if __name__ == "__main__":
    main()
