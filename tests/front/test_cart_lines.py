"""`PUT /api/carts/{id}/lines/{sku}` through front, with orders played by a stand-in."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from markethall.contracts.internal import SET_LINES_PATH, CartDocument, SetLine, SetLines, SetLinesAnswer
from markethall.front import cart_lines
from markethall.front.routes import segments_of
from markethall.local.nats import EmbeddedNats
from tests.front.neighbours import Hall, Seen, document, hall
from tests.support.machine import eventually

CART = "5f0c1a57-7a0f-4f6e-9a55-0d1c5b0f6f10"
PATH = f"/api/carts/{CART}/lines/BEAR-1"
JSON = [(b"content-type", b"application/json")]
SOUND = b'{"quantity": 3}'


class Till:
    """Plays orders: takes lines in batches, or does not, and answers each alone."""

    def __init__(self) -> None:
        self.batches: list[list[SetLine]] = []
        self.alone: list[Seen] = []
        self.takes = True
        self.batch_status = 200
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def __call__(self, seen: Seen) -> tuple[int, dict[str, str], bytes]:
        if seen.target != SET_LINES_PATH:
            self.alone.append(seen)
            return 422, {"content-type": "application/problem+json"}, b'{"code":"said alone"}'
        lines = msgspec.msgpack.decode(seen.body, type=SetLines).lines
        self.batches.append(lines)
        await self.go_on.wait()
        carts: list[CartDocument | None] = [self._cart(line) if self.takes else None for line in lines]
        return self.batch_status, {}, msgspec.msgpack.encode(SetLinesAnswer(carts))

    def _cart(self, line: SetLine) -> CartDocument:
        body = {
            "id": str(uuid.UUID(bytes=line.cart_id)),
            "lines": [
                {"sku": line.sku, "name": 'so "available":null', "quantity": line.quantity, "available": None},
                {"sku": "GONE", "available": 0},
            ],
        }
        return CartDocument(msgspec.json.encode(body), [line.sku])


@pytest.fixture
async def front(nats: EmbeddedNats) -> AsyncIterator[Hall]:
    async with hall(nats) as running:
        yield running


@pytest.fixture
def till(front: Hall) -> Till:
    till = Till()
    front["orders"].script = till  # type: ignore[assignment]
    return till


async def put(front: Hall, path: str = PATH, body: bytes = SOUND, **headers: str) -> tuple[int, Any]:
    sent = {"Content-Type": "application/json"} | headers
    async with front.http.put(front.url + path, data=body, headers=sent) as answer:
        return answer.status, await document(answer)


async def test_a_line_travels_with_its_token_and_comes_back_as_the_cart(front: Hall, till: Till) -> None:
    status, cart = await put(front, Authorization="Bearer abc.d-e_f")
    assert (status, cart["id"], cart["lines"][0]["name"]) == (200, CART, 'so "available":null')
    assert [line["available"] for line in cart["lines"]] == [None, 0]
    assert till.batches == [[SetLine(uuid.UUID(CART).bytes, "BEAR-1", 3, "abc.d-e_f")]]
    await put(front)
    assert till.batches[1][0].token is None
    assert till.alone == []


async def test_what_gathers_goes_as_one_batch_and_each_gets_their_own(front: Hall, till: Till) -> None:
    carts = [str(uuid.uuid4()) for _ in range(60)]
    answers = await asyncio.gather(*(put(front, f"/api/carts/{cart}/lines/BEAR-1") for cart in carts))
    assert [(status, cart["id"]) for status, cart in answers] == [(200, cart) for cart in carts]
    assert sum(map(len, till.batches)) == 60
    assert len(till.batches) < 30


async def test_lines_of_one_cart_go_one_after_the_other(front: Hall, till: Till) -> None:
    answers = await asyncio.gather(*(put(front, f"/api/carts/{CART}/lines/BEAR-{n}") for n in range(10)))
    assert [cart["lines"][0]["sku"] for _, cart in answers] == [f"BEAR-{n}" for n in range(10)]
    assert [len(batch) for batch in till.batches] == [1] * 10


async def test_what_was_not_taken_is_asked_for_again_alone(front: Hall, till: Till) -> None:
    till.takes = False
    assert await put(front, Authorization="Bearer x") == (422, {"code": "said alone"})
    assert [(seen.method, seen.target, seen.body) for seen in till.alone] == [("PUT", PATH, SOUND)]
    assert till.alone[0].headers["authorization"] == "Bearer x"
    assert len(till.batches) == 1


@pytest.mark.parametrize("status", [404, 500, 503])
async def test_after_a_batch_that_failed_each_goes_alone(front: Hall, till: Till, status: int) -> None:
    till.batch_status = status
    assert (await put(front))[1] == {"code": "said alone"}
    assert (await put(front))[1] == {"code": "said alone"}
    assert (len(till.batches), len(till.alone)) == (1, 2)
    till.batch_status = 200

    async def goes_in_a_batch_again() -> bool:
        return (await put(front))[0] == 200

    await eventually(goes_in_a_batch_again)


async def test_a_cookie_names_who_asks(front: Hall, till: Till) -> None:
    cookie = "markethall_session=tok.en; markethall_csrf=c"
    assert (await put(front, Cookie=cookie))[0] == 403
    assert (await put(front, Cookie=cookie, **{"X-CSRF-Token": "c"}))[0] == 200
    assert [line.token for batch in till.batches for line in batch] == ["tok.en"]


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        (PATH, b"", JSON),
        (PATH, b"{", JSON),
        (PATH, b'{"quantity": 0}', JSON),
        (PATH, b'{"quantity": 10000}', JSON),
        (PATH, b'{"quantity": 1.5}', JSON),
        (PATH, b'{"quantity": "1"}', JSON),
        (PATH, b'{"quantity": true}', JSON),
        (PATH, b'{"quantity": 1, "quantity": 2}', JSON),
        (PATH, b'{"quantity": 1, "more": 2}', JSON),
        (PATH, b'{"quantity": 1}\xff', JSON),
        (PATH, b"[1]", JSON),
        (PATH, SOUND, []),
        (PATH, SOUND, [(b"content-type", b"text/plain")]),
        (PATH, SOUND, [*JSON, (b"content-type", b"text/plain")]),
        (PATH, SOUND, [*JSON, (b"authorization", b"Basic abc")]),
        (PATH, SOUND, [*JSON, (b"authorization", b"Bearer ")]),
        (PATH, SOUND, [*JSON, (b"authorization", b"")]),
        (PATH, SOUND, [*JSON, (b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")]),
        (PATH, SOUND, [*JSON, (b"authorization", b"Bearer a"), (b"connection", b"authorization")]),
        (PATH + "~", SOUND, JSON),
        (PATH.replace(CART, "x"), SOUND, JSON),
        (PATH.replace("BEAR-1", "-"), SOUND, JSON),
        (PATH.replace("BEAR-1", "B" * 65), SOUND, JSON),
    ],
)
def test_what_is_not_plainly_sound_is_looked_at_by_orders(
    path: str, body: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    assert read(path, body, headers) is None


def read(path: str, body: bytes, headers: list[tuple[bytes, bytes]], query: bytes = b"") -> SetLine | None:
    segments = segments_of(path.encode())
    assert segments is not None
    return cart_lines.read_line({"headers": headers, "query_string": query}, segments, body)


def test_what_is_sound_is_read() -> None:
    for connection in (b"keep-alive", b"Close"):
        line = read(PATH, SOUND, [*JSON, (b"authorization", b"bearer a.b"), (b"connection", connection)])
        assert line == SetLine(uuid.UUID(CART).bytes, "BEAR-1", 3, "a.b")
    assert read(PATH, SOUND, JSON, query=b"x=1") is None
