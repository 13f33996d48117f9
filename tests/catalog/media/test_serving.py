"""Pictures at the public address, as browsers get them."""

import pytest

from markethall.catalog.media.drawings import drawing
from tests.catalog.media import files
from tests.catalog.stall import Stall, product

PICTURE = files.encoded(files.painted(700, 500), "JPEG")


async def url_of(shop: Stall, content: bytes = PICTURE) -> str:
    answer = await shop.call("POST", "/api/media", content)
    assert answer.status in (200, 201), answer.raw
    url = answer.body["url"]
    assert isinstance(url, str)
    return url


def check_that_it_is_harmless(headers: object) -> None:
    assert headers["X-Content-Type-Options"] == "nosniff"  # type: ignore[index]
    policy = headers["Content-Security-Policy"]  # type: ignore[index]
    assert {"sandbox", "default-src 'none'"} <= {part.strip() for part in policy.split(";")}


async def test_a_picture_is_kept_for_ever_and_runs_nothing(shop: Stall) -> None:
    url = await url_of(shop)
    answer = await shop.get(url)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "image/webp"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    check_that_it_is_harmless(answer.headers)
    again = await shop.call("GET", url, token=None, If_None_Match=answer.headers["ETag"])
    assert (again.status, again.raw) == (304, b"")
    assert again.headers["Cache-Control"] == answer.headers["Cache-Control"]
    other = await shop.call("GET", url, token=None, If_None_Match='"other"')
    assert (other.status, other.raw) == (200, answer.raw)
    head = await shop.call("HEAD", url, token=None)
    assert (head.status, head.raw, head.headers["Content-Type"]) == (200, b"", "image/webp")


async def test_the_three_widths_have_tags_of_their_own(shop: Stall) -> None:
    stem = (await url_of(shop)).rpartition("/")[0]
    answers = [await shop.get(f"{stem}/{width}.webp") for width in (320, 640, 1280)]
    assert len({answer.headers["ETag"] for answer in answers}) == 3
    assert len(answers[0].raw) < len(answers[1].raw) < len(answers[2].raw)


async def test_a_drawing_is_an_svg_that_runs_nothing(shop: Stall) -> None:
    drawn = drawing("bear-ferdinand")
    assert drawn is not None
    answer = await shop.get(drawn.url)
    assert (answer.status, answer.raw) == (200, drawn.body)
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert "immutable" in answer.headers["Cache-Control"]
    check_that_it_is_harmless(answer.headers)


async def test_a_drawing_of_another_release_is_shown_and_not_kept(shop: Stall) -> None:
    answer = await shop.get(f"/media/{'0' * 32}-800x800/bear-ferdinand.svg")
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "public, max-age=60"


@pytest.mark.parametrize(
    "path",
    [
        "/media",
        "/media/",
        "/media/x/y",
        f"/media/{'0' * 32}-1x1/640.webp",
        f"/media/{'0' * 32}-1x1/641.webp",
        f"/media/{'0' * 32}-1x1/640.html",
        f"/media/{'0' * 32}/640.webp",
        f"/media/{'0' * 32}-1x1/nothing.svg",
        f"/media/{'0' * 32}-1x1/..%2fendpoints.svg",
        f"/media/{'0' * 32}-1x1/%2e%2e",
        "/media/../../etc/passwd",
        "/media/..%2f..%2fetc/passwd",
        "/media/drawings/bear-ferdinand.svg/more",
    ],
)
async def test_nothing_else_is_there(shop: Stall, path: str) -> None:
    answer = await shop.get(path)
    assert answer.problem() == (404, "not_found")
    assert "immutable" not in answer.headers.get("Cache-Control", "")


async def test_pictures_are_read_only_at_their_address(shop: Stall) -> None:
    url = await url_of(shop)
    for method in ("PUT", "POST", "DELETE", "PATCH"):
        answer = await shop.call(method, url)
        assert answer.problem() == (405, "method_not_allowed")
        assert answer.headers["Allow"] == "GET, HEAD"


async def test_a_product_and_a_category_carry_pictures(shop: Stall) -> None:
    url = await url_of(shop)
    made = await shop.add(images=[url, "https://elsewhere.example/x.png"])
    assert (await shop.get(f"/api/products/{made['slug']}")).body["images"][0] == url
    category = await shop.add_category("pictured", image=url)
    assert category["image"] == url
    changed = await shop.call("PATCH", "/api/categories/pictured", {"image": None}, If_Match='"1"')
    assert changed.body["image"] is None
    assert (await shop.add_category("plain"))["image"] is None


async def test_a_picture_that_is_not_there_is_not_referred_to(shop: Stall) -> None:
    missing = f"/media/{'0' * 32}-10x10/1280.webp"
    url = await url_of(shop)
    assert (await shop.call("POST", "/api/products", product(images=[url, missing]))).fields() == ["images[1]"]
    made = await shop.add()
    assert (await shop.change(made["slug"], 1, images=[missing])).fields() == ["images[0]"]
    answer = await shop.call("POST", "/api/categories", {"name": "x", "image": f"https://shop.example{missing}"})
    assert answer.fields() == ["image"]
