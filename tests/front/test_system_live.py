"""The picture of the shop where nobody supervises it: replicas that answer, are silent, leave."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from markethall.contracts.internal import FIGURES_PATH, ReplicaFigures, ReplicaStatus
from markethall.front import system_live
from markethall.local.nats import EmbeddedNats
from tests.front.neighbours import Hall, Seen, get, hall, neighbour
from tests.front.tokens import Issuer
from tests.support.machine import eventually


@pytest.fixture
async def front(nats: EmbeddedNats) -> AsyncIterator[Hall]:
    async with hall(nats) as running:
        yield running


async def admin(front: Hall) -> dict[str, str]:
    issuer = Issuer()
    await issuer.announce(front["accounts"].bus)
    given = {"Authorization": f"Bearer {issuer.token('admin')}"}

    async def allowed() -> bool:
        return (await get(front, "/api/system/self", **given))[0] == 200

    await eventually(allowed)
    return given


def tells(service: str, **carried: float) -> Any:
    def script(seen: Seen) -> tuple[int, dict[str, str], bytes]:
        if seen.target != FIGURES_PATH:
            return 200, {}, msgspec.json.encode(ReplicaStatus(service, "1", 3, 0.1))
        figures = ReplicaFigures(service, "1", "0", 12.5, 0.5, 0.002, 0.04, carried, True, {"database": "up"})
        return 200, {}, msgspec.json.encode(figures)

    return script


def of(view: Any, service: str) -> list[Any]:
    return [replica for replica in view["replicas"] if replica["service"] == service]


async def test_it_shows_rates_traffic_and_who_does_not_answer(front: Hall) -> None:
    given = await admin(front)
    front["orders"].script = tells("orders", database=20.0, bus=3.0, **{"from bus": 4.0})
    front["catalog"].script = lambda seen: (500, {}, b"")
    _, _, view = await get(front, "/api/system/live", **given)
    (orders,) = of(view, "orders")
    assert (orders["state"], orders["requests_per_second"], orders["p99_seconds"]) == ("up", 12.5, 0.04)
    assert orders["dependencies"] == {"database": "up"}
    assert [replica["state"] for replica in of(view, "catalog")] == ["silent"]
    assert [replica["state"] for replica in of(view, "front")] == ["up"]
    edges = {(edge["source"], edge["target"]): edge["per_second"] for edge in view["edges"]}
    assert edges["orders", "database"] == 20.0
    assert (edges["orders", "bus"], edges["bus", "orders"]) == (3.0, 4.0)
    assert view["outboxes"]["orders"] == 3
    assert view["outboxes"]["catalog"] is None
    assert (view["dead_letters"], view["supervised"], view["cache"]["fronts"]) == (0, None, 1)
    assert "DEAD" in {stream["name"] for stream in view["bus"]["streams"]}


async def test_everyone_is_asked_once_however_many_ask(front: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    given = await admin(front)
    front["orders"].script = tells("orders")
    monkeypatch.setattr(system_live, "FRESH_SECONDS", 3600.0)
    views = [(await get(front, "/api/system/live", **given))[2] for _ in range(5)]
    assert [view["at"] for view in views] == [views[0]["at"]] * 5
    assert len([seen for seen in front["orders"].seen if seen.target == FIGURES_PATH]) == 1


async def test_who_joins_and_who_leaves_is_told_where_nobody_supervises(front: Hall, nats: EmbeddedNats) -> None:
    given = await admin(front)

    async def told(kind: str, replica: str) -> bool:
        _, _, view = await get(front, "/api/system/live", **given)
        return any((each["kind"], each["replica"]) == (kind, replica) for each in view["incidents"])

    async with neighbour("orders", nats, tells("orders"), replica="second"):
        await eventually(lambda: told("joined", "second"))
    await eventually(lambda: told("left", "second"))

    async def shown_as_left() -> bool:
        _, _, view = await get(front, "/api/system/live", **given)
        return {replica["id"]: replica["state"] for replica in of(view, "orders")}.get("second") == "left"

    await eventually(shown_as_left)


async def test_the_picture_and_ones_own_figures_are_for_admins(front: Hall) -> None:
    await admin(front)
    issuer = Issuer()
    await issuer.announce(front["accounts"].bus)
    for path in ("/api/system/live", "/api/system/self"):
        assert (await get(front, path))[0] == 401

        async def forbidden(path: str = path) -> bool:
            return (await get(front, path, Authorization=f"Bearer {issuer.token()}"))[0] == 403

        await eventually(forbidden)
    assert (await get(front, FIGURES_PATH))[0] == 404
