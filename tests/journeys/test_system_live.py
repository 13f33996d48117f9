"""The engineer's picture of a whole shop: kill a process and see it go, its traffic move, and it come back."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.client import AdminClient
from tests.support.machine import eventually
from tests.support.shop import running_shop

KILLED = ("orders", "1")
pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]


async def view(admin: AdminClient) -> Any:
    return (await admin.get("/api/system/live")).ok(200)


async def test_a_killed_replica_goes_red_and_comes_back_and_the_incident_outlives_the_shop(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_shop(data, "--no-demo", "--replicas", "orders=2,front=2", "--read-replicas", "1") as shop:
        async with AdminClient(shop) as admin:

            async def whole() -> bool:
                found = await view(admin)
                states = [replica["state"] for replica in found["replicas"]]
                return len(states) == 7 and set(states) == {"up"} and found["supervised"] is not None

            await eventually(whole, seconds=30)

            async def carries() -> bool:
                await admin.get("/api/products")
                found = await view(admin)
                edges = {(edge["source"], edge["target"]) for edge in found["edges"] if edge["per_second"] > 0}
                return {("front", "catalog"), ("catalog", "database"), ("orders", "database")} <= edges

            await eventually(carries, seconds=30)
            found = await view(admin)
            assert found["cache"]["fronts"] == 2
            assert found["bus"]["connected"]
            databases = found["supervised"]["databases"]
            assert sorted(node["role"] for node in databases) == ["primary", "standby"]
            assert all("lag_bytes" in node for node in databases if node["role"] == "standby")
            assert [node["state"] for node in found["supervised"]["bus"]["nodes"]] == ["up"]
            shop.kill(*KILLED[:1])

            async def shown(*kinds: str) -> bool:
                told = [i["kind"] for i in (await view(admin))["incidents"] if (i["service"], i["replica"]) == KILLED]
                return told[: len(kinds)] == list(kinds)

            await eventually(lambda: shown("restarted", "died"), seconds=30)
            await eventually(whole, seconds=30)
    with running_shop(data, "--no-demo") as shop:
        async with AdminClient(shop) as admin:

            async def remembered() -> bool:
                told = (await view(admin))["incidents"]
                died = [each for each in told if each["kind"] == "died"]
                return [(each["service"], each["replica"], each["detail"]) for each in died] == [
                    (*KILLED, "ended by signal 9")
                ]

            await eventually(remembered, seconds=30)
