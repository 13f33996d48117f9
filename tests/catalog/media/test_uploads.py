"""Uploading pictures through a real front and catalog, and what comes of files that were not meant well."""

import asyncio
import os
import random
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from markethall.catalog.media.picture import MAX_PIXELS, MAX_SIDE
from markethall.contracts.internal import MAX_PICTURE_BYTES
from markethall.front.cookies import CSRF, SESSION
from tests.catalog.media import files
from tests.catalog.stall import Answer, Stall


async def upload(shop: Stall, content: bytes, **headers: str) -> Answer:
    return await shop.call("POST", "/api/media", content, **{"Content_Type": "application/octet-stream", **headers})


async def shown(shop: Stall, address: str) -> Image.Image:
    answer = await shop.get(address)
    assert answer.status == 200, answer.raw
    image = Image.open(BytesIO(answer.raw))
    assert image.format == "WEBP"
    return image


def is_about(image: Image.Image, at: tuple[float, float], colour: tuple[int, ...]) -> bool:
    """Whether the pixel at that fraction of width and height has this colour, as far as a lossy format keeps it."""
    pixel = image.convert("RGBA").getpixel((int(at[0] * image.width), int(at[1] * image.height)))
    assert isinstance(pixel, tuple)
    return all(abs(a - b) < 40 for a, b in zip(pixel, colour, strict=False))


GOOD = {
    "JPEG": files.encoded(files.painted(), "JPEG", quality=90),
    "progressive JPEG": files.encoded(files.painted(), "JPEG", progressive=True),
    "PNG": files.encoded(files.painted(), "PNG"),
    "WebP": files.encoded(files.painted(), "WEBP"),
    "AVIF": files.encoded(files.painted(), "AVIF"),
    "CMYK": files.encoded(files.painted(mode="CMYK"), "JPEG", quality=90),
    "palette": files.encoded(files.painted().quantize(8), "PNG"),
    "16 bits a colour": files.png(800, 600, data=(b"\0" + b"\xff\xff\0\0\0\0" * 800) * 600, depth=16),
}


@pytest.mark.parametrize("kind", GOOD)
async def test_each_kind_becomes_three_widths_of_webp(shop: Stall, kind: str) -> None:
    answer = await upload(shop, GOOD[kind])
    assert answer.status == 201, answer.raw
    made = answer.body
    assert (made["width"], made["height"]) == (800, 600)
    assert [(size["width"], size["height"]) for size in made["sizes"]] == [(320, 240), (640, 480), (800, 600)]
    assert made["url"] == made["sizes"][-1]["url"] == answer.headers["Location"]
    for size in made["sizes"]:
        image = await shown(shop, size["url"])
        assert image.size == (size["width"], size["height"])
        assert is_about(image, (0.2, 0.2), (255, 0, 0))


async def test_a_large_one_is_shrunk_and_a_small_one_is_not_enlarged(shop: Stall) -> None:
    large = (await upload(shop, files.encoded(files.painted(4000, 1000), "JPEG"))).body
    assert [(size["width"], size["height"]) for size in large["sizes"]] == [(320, 80), (640, 160), (1280, 320)]
    small = (await upload(shop, files.encoded(files.painted(100, 40), "PNG"))).body
    assert {(size["width"], size["height"]) for size in small["sizes"]} == {(100, 40)}
    assert (await shown(shop, small["sizes"][0]["url"])).size == (100, 40)


async def test_the_address_tells_the_size_of_the_largest(shop: Stall) -> None:
    made = (await upload(shop, files.encoded(files.painted(2000, 3000), "JPEG"))).body
    assert made["url"].split("/")[2].partition("-")[2] == "1280x1920"
    assert [size["url"].rpartition("/")[2] for size in made["sizes"]] == ["320.webp", "640.webp", "1280.webp"]


async def test_the_same_file_is_the_same_picture(shop: Stall) -> None:
    content = files.encoded(files.painted(333, 222), "PNG")
    first = await upload(shop, content)
    again = await upload(shop, content, Content_Type="text/html")
    assert (first.status, again.status) == (201, 200)
    assert first.body == again.body
    together = files.encoded(files.painted(334, 222), "PNG")
    answers = await asyncio.gather(*(upload(shop, together) for _ in range(4)))
    assert len({answer.raw for answer in answers}) == 1
    assert {answer.status for answer in answers} <= {200, 201}


async def test_a_file_that_a_crash_left_out_is_written_again(shop: Stall, folder: Path) -> None:
    content = files.encoded(files.painted(335, 222), "PNG")
    made = (await upload(shop, content)).body
    digest = made["url"].split("/")[2].partition("-")[0]
    (folder / digest[:2] / digest / "640.webp").unlink()
    assert (await shop.get(made["sizes"][1]["url"])).problem() == (404, "not_found")
    assert (await upload(shop, content)).body == made
    assert (await shop.get(made["sizes"][1]["url"])).status == 200


@pytest.mark.parametrize("orientation", range(1, 9))
async def test_a_picture_is_turned_upright_and_says_nothing_of_its_making(shop: Stall, orientation: int) -> None:
    content = files.photograph(orientation)
    assert content.count(b"Secret") >= 5
    made = (await upload(shop, content)).body
    assert (made["width"], made["height"]) == ((800, 600) if orientation < 5 else (600, 800))
    # Where the green stripe, which was below, is to be.
    green = {1: (0.5, 0.9), 2: (0.5, 0.9), 3: (0.5, 0.1), 4: (0.5, 0.1)}
    green |= {5: (0.9, 0.5), 6: (0.1, 0.5), 7: (0.1, 0.5), 8: (0.9, 0.5)}
    for size in made["sizes"]:
        answer = await shop.get(size["url"])
        image = Image.open(BytesIO(answer.raw))
        assert is_about(image, green[orientation], (0, 255, 0)), orientation
        assert not image.getexif()
        assert {"exif", "xmp", "icc_profile", "comment"}.isdisjoint(image.info)
        assert b"Secret" not in answer.raw
        assert b"EXIF" not in answer.raw


async def test_transparency_stays(shop: Stall) -> None:
    image = files.painted().convert("RGBA")
    image.putalpha(0)
    image.paste((255, 0, 0, 255), (0, 0, 200, 200))
    palette = image.quantize(4)
    for content in (files.encoded(image, "PNG"), files.encoded(palette, "PNG"), files.encoded(image, "WEBP")):
        made = (await upload(shop, content)).body
        upright = (await shown(shop, made["url"])).convert("RGBA")
        assert is_about(upright, (0.1, 0.1), (255, 0, 0, 255))
        corner = upright.getpixel((790, 590))
        assert isinstance(corner, tuple)
        assert corner[3] < 20


async def test_colours_are_those_that_the_profile_means(shop: Stall) -> None:
    """As near as sRGB comes to them; a profile that cannot be read counts for nothing, and none is kept."""
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # The profile's red and green change places: what is stored as red means green.
    swapped = swapped.replace(b"rXYZ", b"tmpX").replace(b"gXYZ", b"rXYZ").replace(b"tmpX", b"gXYZ")
    for profile, colour in ((swapped, (0, 255, 0)), (b"no profile", (255, 0, 0))):
        for kind in ("PNG", "JPEG", "WEBP", "AVIF"):
            made = (await upload(shop, files.encoded(files.painted(), kind, icc_profile=profile, quality=90))).body
            image = await shown(shop, made["url"])
            assert is_about(image, (0.2, 0.2), colour), kind
            assert "icc_profile" not in image.info


async def test_sixteen_bits_of_grey_are_scaled_not_cut_off(shop: Stall) -> None:
    image = Image.new("I;16", (400, 300), 0x8000)
    made = (await upload(shop, files.encoded(image, "PNG"))).body
    assert is_about(await shown(shop, made["url"]), (0.5, 0.5), (128, 128, 128))


async def test_of_an_animation_the_first_picture_counts(shop: Stall) -> None:
    others = [Image.new("RGB", (800, 600), (0, 0, number)) for number in range(20)]
    for kind in ("WEBP", "PNG", "AVIF"):
        content = files.encoded(files.painted(), kind, save_all=True, append_images=others, duration=10)
        made = (await upload(shop, content)).body
        image = await shown(shop, made["url"])
        assert getattr(image, "n_frames", 1) == 1
        assert is_about(image, (0.2, 0.2), (255, 0, 0))


async def test_what_hides_behind_a_picture_is_not_kept(shop: Stall) -> None:
    noted = files.png(8, 8, (b"tEXt", b"Comment\0" + files.SCRIPT), data=(b"\0" + b"\xff\0\0" * 8) * 8)
    for content in (GOOD["JPEG"] + files.HTML, GOOD["PNG"] + b"PK\x03\x04" + files.SCRIPT, noted):
        made = (await upload(shop, content)).body
        for size in made["sizes"]:
            assert b"<script" not in (await shop.get(size["url"])).raw


def _huge_exif() -> bytes:
    segment = b"\xff\xe1\xff\xff" + b"Exif\0\0" + b"\xee" * 0xFFF7
    return GOOD["JPEG"][:2] + segment * 100 + GOOD["JPEG"][2:]


async def test_a_head_of_megabytes_does_no_harm(shop: Stall) -> None:
    assert len(_huge_exif()) > 6 << 20
    assert (await upload(shop, _huge_exif())).status == 201


NOT_IMAGES = {
    "nothing": b"",
    "text": b"hello",
    "SVG with a script": files.SVG,
    "HTML": files.HTML,
    "HTML after a magic number": b"\xff\xd8\xff\xe0" + files.HTML,
    "a PNG's name only": b"\x89PNG\r\n\x1a\n",
    "GIF": files.encoded(files.painted().quantize(8), "GIF"),
    "BMP": files.encoded(files.painted(), "BMP"),
    "TIFF": files.encoded(files.painted(), "TIFF"),
    "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n",
    "JPEG cut off": GOOD["JPEG"][: len(GOOD["JPEG"]) // 2],
    "PNG cut off": GOOD["PNG"][: len(GOOD["PNG"]) // 2],
    "WebP cut off": GOOD["WebP"][: len(GOOD["WebP"]) // 2],
    "AVIF cut off": GOOD["AVIF"][: len(GOOD["AVIF"]) // 2],
    "PNG without enough pixels": files.png(500, 500, data=b"\0" * 100),
    "noise": random.Random(7).randbytes(10_000),
    "text that unpacks to gigabytes": files.png(8, 8, (b"zTXt", b"a\0\0" + files.zlib.compress(b"a" * (70 << 20)))),
}


@pytest.mark.parametrize("kind", NOT_IMAGES)
async def test_what_is_no_picture_is_refused_whatever_it_is_called(shop: Stall, kind: str) -> None:
    for media_type in ("image/png", "image/svg+xml", "text/html", "application/json"):
        answer = await upload(shop, NOT_IMAGES[kind], Content_Type=media_type)
        assert answer.problem() == (422, "not_an_image"), (media_type, answer.raw)


BOMBS = {
    "gigapixels": files.png(30_000, 30_000, data=b"\0" * 1000),
    "one row": files.png(MAX_SIDE + 1, 1, data=b"\0" * 1000),
    "one column": files.png(1, 2_000_000_000, data=b"\0" * 1000),
    "a little too many": files.png(MAX_PIXELS // 5000 + 1, 5000, data=b"\0" * 1000),
}


@pytest.mark.parametrize("kind", BOMBS)
async def test_a_bomb_is_refused_by_its_head(shop: Stall, kind: str) -> None:
    assert (await upload(shop, BOMBS[kind])).problem() == (422, "image_too_large")


async def test_as_many_pixels_as_are_allowed_are_made_into_a_picture(shop: Stall) -> None:
    """The costliest kind: nothing can be skipped in decoding, and there is transparency."""
    image = Image.new("RGBA", (10_000, MAX_PIXELS // 10_000), (255, 0, 0, 128))
    made = await upload(shop, files.encoded(image, "PNG", compress_level=1))
    assert made.status == 201, made.raw
    assert (made.body["width"], made.body["height"]) == (1280, 640)


async def test_a_body_over_the_limit_is_refused_and_other_routes_keep_theirs(shop: Stall) -> None:
    large = GOOD["JPEG"] + os.urandom(MAX_PICTURE_BYTES)
    assert (await upload(shop, large)).problem() == (413, "too_large")
    fits = GOOD["JPEG"] + os.urandom(MAX_PICTURE_BYTES - len(GOOD["JPEG"]))
    assert (await upload(shop, fits)).status == 201
    product = b'{"name": "' + b"x" * (2 << 20) + b'"}'
    assert (await shop.call("POST", "/api/products", product)).problem() == (413, "too_large")


async def test_only_an_admin_uploads(shop: Stall) -> None:
    for content in (GOOD["PNG"], os.urandom(2 << 20)):
        assert (await shop.call("POST", "/api/media", content, token=None)).problem() == (401, "unauthenticated")
        user = shop.token("customer")
        assert (await shop.call("POST", "/api/media", content, token=user)).problem() == (403, "forbidden")


async def test_an_upload_by_cookie_shows_that_the_shops_own_page_made_it(shop: Stall) -> None:
    cookies = f"{SESSION}={shop.token('admin')}; {CSRF}=abc"
    answer = await shop.call("POST", "/api/media", GOOD["PNG"], token=None, Cookie=cookies)
    assert answer.problem() == (403, "cross_site")
    answer = await shop.call("POST", "/api/media", GOOD["PNG"], token=None, Cookie=cookies, X_CSRF_Token="abc")
    assert answer.status in (200, 201)
    forged = f"{SESSION}=forged; {CSRF}=abc"
    answer = await shop.call("POST", "/api/media", GOOD["PNG"], token=None, Cookie=forged, X_CSRF_Token="abc")
    assert answer.problem() == (401, "invalid_token")
    assert answer.headers["Set-Cookie"].startswith(f"{SESSION}=;")


async def test_many_at_once_are_answered_each(shop: Stall) -> None:
    """At most four are in a front at a time; the others are told to come again, and then are made."""
    contents = [files.encoded(files.painted(640 + number, 480), "PNG") for number in range(12)]

    async def until_made(content: bytes) -> int:
        refused = 0
        while (answer := await upload(shop, content)).status == 503:
            assert answer.body["code"] == "uploads_busy"
            assert int(answer.headers["Retry-After"]) >= 1
            refused += 1
            await asyncio.sleep(random.uniform(0, 0.2))
        assert answer.status == 201, answer.raw
        return refused

    async with asyncio.timeout(60):
        refusals = await asyncio.gather(*(until_made(content) for content in contents))
    assert sum(refusals) > 0
