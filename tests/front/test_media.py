"""Pictures at the front while catalog is not there, or is not itself."""

import os

from markethall.local.nats import EmbeddedNats
from tests.front.neighbours import Seen, get, hall
from tests.front.tokens import Issuer

PICTURE = f"/media/{'0' * 32}-1280x960/640.webp"


async def test_without_catalog_nothing_is_said_that_a_browser_would_keep(nats: EmbeddedNats) -> None:
    async with hall(nats) as front:
        await front.close("catalog")
        for headers in ({}, {"If_None_Match": '"x"'}):
            status, answered, body = await get(front, PICTURE, **headers)
            assert (status, body["code"]) == (503, "service_unavailable")
            assert "retry-after" in answered
            assert "cache-control" not in answered


async def test_catalogs_headers_reach_the_browser(nats: EmbeddedNats) -> None:
    given = {
        "content-type": "image/webp",
        "cache-control": "public, max-age=31536000, immutable",
        "etag": '"x"',
        "content-security-policy": "sandbox",
    }

    def picture(_seen: Seen) -> tuple[int, dict[str, str], bytes]:
        return 200, given, b"RIFF"

    async with hall(nats) as front:
        front["catalog"].script = picture
        async with front.http.get(front.url + PICTURE) as answer:
            assert await answer.read() == b"RIFF"
            assert given.items() <= {name.lower(): value for name, value in answer.headers.items()}.items()
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert front["catalog"].seen[-1].target == PICTURE


async def test_a_body_is_not_taken_in_from_one_who_may_not_upload(nats: EmbeddedNats) -> None:
    issuer = Issuer()
    async with hall(nats) as front:
        await issuer.announce(front["accounts"].bus)
        for token, expected in ((None, 401), ("none of ours", 401), (issuer.token("customer"), 403)):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            async with front.http.post(f"{front.url}/api/media", data=os.urandom(3 << 20), headers=headers) as answer:
                assert answer.status == expected
                assert answer.headers["Connection"] == "close"
        assert not [seen for seen in front["catalog"].seen if seen.target == "/api/media"]
