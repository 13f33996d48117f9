"""Files to upload: good ones of each kind, and bad ones."""

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw
from PIL.TiffImagePlugin import IFDRational


def painted(width: int = 800, height: int = 600, mode: str = "RGB") -> Image.Image:
    """Red on the left, blue on the right, green below."""
    image = Image.new("RGB", (width, height), "red")
    draw = ImageDraw.Draw(image)
    draw.rectangle((width // 2, 0, width, height), fill="blue")
    draw.rectangle((0, height * 3 // 4, width, height), fill="lime")
    return image.convert(mode)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def photograph(orientation: int = 1) -> bytes:
    """With what a telephone writes into it: where it was taken, by whom, with what, and notes."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SecretMaker"
    exif[0x013B] = "SecretArtist"
    exif[0x9286] = "SecretComment"
    place = exif.get_ifd(0x8825)
    place[1], place[2] = "N", (IFDRational(48), IFDRational(51), IFDRational(24))
    place[3], place[4] = "E", (IFDRational(2), IFDRational(21), IFDRational(3))
    place[29] = "SecretDate"
    return encoded(painted(), "JPEG", exif=exif, comment=b"SecretRemark", xmp=b"<x>SecretXmp</x>", quality=90)


def png(width: int, height: int, *chunks: tuple[bytes, bytes], data: bytes = b"", depth: int = 8) -> bytes:
    """A PNG that says what it is told to say. `data` is what the pixels are packed from."""
    head = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    parts = [(b"IHDR", head), *chunks, (b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


SCRIPT = b"<script>alert(document.domain)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><title>x</title>" + SCRIPT
