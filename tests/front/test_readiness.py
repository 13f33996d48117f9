"""When a front may be sent buyers."""

import aiohttp

from markethall.front.app import create
from markethall.local.nats import EmbeddedNats
from tests.front.neighbours import document, hall, neighbour
from tests.support.machine import eventually, running, settings_for


async def test_ready_once_everybody_was_seen_and_ever_after(nats: EmbeddedNats) -> None:
    settings = settings_for("front", "", nats, upstreams="catalog=http://127.0.0.1:9 inventory=http://127.0.0.1:9")
    async with running(create, settings) as url, hall(nats) as other:

        async def ready() -> tuple[int, dict[str, str]]:
            async with other.http.get(f"{url}/health/ready") as answer:
                return answer.status, (await document(answer))["dependencies"]

        async def is_ready() -> bool:
            return (await ready())[0] == 200

        await eventually(is_ready)
        for service in ("orders", "accounts"):
            await other.close(service)

        async def down() -> bool:
            return (await ready())[1]["orders"].startswith("down")

        await eventually(down)
        status, dependencies = await ready()
        assert (status, dependencies["start"], dependencies["bus"]) == (200, "up", "up")


async def test_not_ready_while_a_service_was_never_seen(nats: EmbeddedNats) -> None:
    async with (
        running(create, settings_for("front", "", nats, upstreams="catalog=http://127.0.0.1:9")) as url,
        neighbour("orders", nats) as orders,
        aiohttp.ClientSession() as http,
    ):
        assert orders.bus.connected
        async with http.get(f"{url}/health/ready") as answer:
            assert answer.status == 503
            assert "accounts" in (await document(answer))["dependencies"]["start"]
