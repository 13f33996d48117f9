"""What front says about itself and the shop."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from markethall.contracts.internal import ReplicaStatus
from markethall.contracts.topology import PARTS, STREAMS
from markethall.local.nats import EmbeddedNats
from tests.front.neighbours import Hall, Seen, Shelf, get, hall
from tests.front.tokens import Issuer
from tests.support.machine import eventually


@pytest.fixture(scope="module")
async def front(nats: EmbeddedNats) -> AsyncIterator[Hall]:
    async with hall(nats) as running:
        yield running


async def test_the_overview_is_for_admins(front: Hall) -> None:
    issuer = Issuer()
    await issuer.announce(front["accounts"].bus)
    assert (await get(front, "/api/system"))[0] == 401

    async def forbidden() -> bool:
        return (await get(front, "/api/system", Authorization=f"Bearer {issuer.token()}"))[0] == 403

    await eventually(forbidden)


async def test_the_overview_names_everyone_and_what_waits(front: Hall) -> None:
    Shelf(front)
    for _ in range(3):
        await get(front, "/api/products/bear")

    def status(seen: Seen) -> tuple[int, dict[str, str], bytes]:
        assert seen.target == "/internal/status"
        return 200, {}, msgspec.json.encode(ReplicaStatus("orders", "1", 7, 0.5))

    front["orders"].script = status
    front["accounts"].script = lambda seen: (500, {}, b"")
    issuer = Issuer()
    await issuer.announce(front["accounts"].bus)
    given = {"Authorization": f"Bearer {issuer.token('admin')}"}

    async def allowed() -> bool:
        return (await get(front, "/api/system", **given))[0] == 200

    await eventually(allowed)
    _, _, body = await get(front, "/api/system", **given)
    assert {replica["service"] for replica in body["replicas"]} == {"front", *front.neighbours}
    assert all(replica["address"].startswith("http://127.0.0.1:") for replica in body["replicas"])
    assert body["bus"]["connected"] is True
    # The stand-ins set up what the real services do.
    assert {stream["name"] for stream in body["bus"]["streams"]} == {stream.name for stream in STREAMS}
    consumers = {durable.name for part in PARTS.values() for durable in part.durables}
    assert {consumer["name"] for consumer in body["bus"]["consumers"]} == consumers
    assert body["outboxes"]["orders"]["outbox"] == 7
    assert body["outboxes"]["accounts"] is None
    assert (body["cache"]["hits"], body["cache"]["misses"], body["cache"]["entries"]) == (2, 1, 1)
