"""`/api/media` and `/media/…`."""

import re
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct

from markethall.catalog.media.drawings import drawing
from markethall.catalog.media.picture import WIDTHS, Picture
from markethall.catalog.media.pictures import Pictures
from markethall.kit.errors import NotFound
from markethall.kit.guards import admin_only
from markethall.kit.problems import responses

TAGS = ["catalog"]
FOR_EVER = "public, max-age=31536000, immutable"
FOR_A_MINUTE = "public, max-age=60"
# Opened by itself, a picture runs nothing, loads nothing and is of no origin.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"

_PLACE = re.compile(r"([0-9a-f]{32})-[0-9]{1,5}x[0-9]{1,5}")
_FILE = re.compile(rf"({'|'.join(map(str, WIDTHS))})\.webp")

AnyRequest = Request[Any, Any, Any]


class SizeView(Struct, frozen=True):
    """A picture as one file, in pixels."""

    url: str
    width: int
    height: int


class PictureView(Struct, frozen=True):
    """`POST /api/media`. `url`, `width` and `height` are those of the largest of `sizes`."""

    url: str
    width: int
    height: int
    sizes: list[SizeView]


@post(
    "/api/media",
    summary="Upload a picture",
    tags=TAGS,
    guards=[admin_only],
    responses=responses(401, 403, 413),
)
async def add_picture(request: AnyRequest, pictures: NamedDependency[Pictures]) -> Response[PictureView]:
    """Takes the role admin. The body is the file itself: JPEG, PNG, WebP or AVIF, whatever its `Content-Type` says.

    `url` is what a product has in `images`. The same file again is answered 200 with the same picture. One
    that nothing refers to is removed after some time.
    """
    picture, is_new = await pictures.add(await request.body())
    view = _view(picture)
    return Response(view, status_code=201 if is_new else 200, headers={"Location": view.url})


@get("/media/{picture:str}/{file:str}", summary="A picture", tags=TAGS, responses=responses(404))
async def read_picture(
    request: AnyRequest, picture: FromPath[str], file: FromPath[str], pictures: NamedDependency[Pictures]
) -> Response[bytes]:
    """What has an address never changes: keep it for ever."""
    place, wanted = _PLACE.fullmatch(picture), _FILE.fullmatch(file)
    if place is None:
        raise NotFound()
    headers = {"ETag": f'"{place[1]}-{file}"', "Cache-Control": FOR_EVER, "Content-Security-Policy": POLICY}
    if wanted is not None:
        body, media_type = await pictures.read(place[1], int(wanted[1])), "image/webp"
    else:
        drawn = drawing(file.removesuffix(".svg")) if file.endswith(".svg") else None
        body, media_type = drawn.body if drawn else None, "image/svg+xml"
        if drawn and place[1] not in drawn.url:
            # An address of another release, whose drawing was another one.
            headers |= {"ETag": f'"{drawn.url}"', "Cache-Control": FOR_A_MINUTE}
    if body is None:
        raise NotFound(headers={"Cache-Control": "no-cache"})
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(b"", status_code=304, headers=headers, media_type=media_type)
    return Response(body, headers=headers, media_type=media_type)


HANDLERS = [add_picture, read_picture]


def _view(picture: Picture) -> PictureView:
    sizes = [SizeView(size.url, size.width, size.height) for size in picture.sizes]
    largest = sizes[-1]
    return PictureView(largest.url, largest.width, largest.height, sizes)
