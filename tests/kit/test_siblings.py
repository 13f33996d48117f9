"""A replica that is told nothing but the bus."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from markethall.contracts.topology import SIBLINGS
from markethall.kit.bus import Bus
from markethall.kit.settings import Settings, WrongSetting
from markethall.kit.siblings import OWN, Siblings, joined, shared
from markethall.local.nats import EmbeddedNats
from markethall.local.ports import free_port

DATABASE = "postgresql://orders:of-orders@db:5432/orders"


class Elder:
    """A replica that is there already."""

    def __init__(self, nats: EmbeddedNats, service: str, **settings: object) -> None:
        self._settings = Settings.model_validate({"bus_url": nats.url_for(service), **settings})
        self._bus = Bus(self._settings, service)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> None:
        await self._stack.enter_async_context(self._bus)
        await self._stack.enter_async_context(Siblings(self._bus, self._settings))

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()


def newcomer(nats: EmbeddedNats, service: str, **settings: object) -> Settings:
    return Settings.model_validate({"bus_url": nats.url_for(service), "join_seconds": 20, **settings})


async def test_it_has_what_its_siblings_have(nats: EmbeddedNats) -> None:
    told = {"database_url": DATABASE, "bus_replicas": 3, "currency": "GBP", "access_token_seconds": 60}
    own = {"replica": "elder", "port": 7, "host": "127.0.0.1", "log_level": "error", "admin_password": "secret"}
    async with Elder(nats, "orders", **told, **own):
        settings = await joined(newcomer(nats, "orders"), "orders")
    assert {name: getattr(settings, name) for name in told} == told
    assert all(getattr(settings, name) != value for name, value in own.items())


async def test_what_it_was_told_itself_stands(nats: EmbeddedNats) -> None:
    async with Elder(nats, "orders", database_url=DATABASE, currency="GBP", database_pool=9):
        settings = await joined(newcomer(nats, "orders", currency="CHF", database_url=""), "orders")
    assert (settings.database_url, settings.currency, settings.database_pool) == (DATABASE, "CHF", 9)


async def test_who_joined_tells_the_next_one(nats: EmbeddedNats) -> None:
    async with Elder(nats, "orders", database_url=DATABASE):
        second = await joined(newcomer(nats, "orders"), "orders")
    async with Elder(nats, "orders", **shared(second)):
        assert (await joined(newcomer(nats, "orders"), "orders")).database_url == DATABASE


async def test_it_waits_for_the_first_of_its_service(nats: EmbeddedNats) -> None:
    waiting = asyncio.create_task(joined(newcomer(nats, "accounts"), "accounts"))
    async with Elder(nats, "accounts", database_url=DATABASE):
        assert (await asyncio.wait_for(waiting, 20)).database_url == DATABASE


async def test_one_that_nobody_tells_says_so(nats: EmbeddedNats) -> None:
    with pytest.raises(WrongSetting, match=r"MARKETHALL_DATABASE_URL is missing.*within 0\.5 s: none is there"):
        await joined(newcomer(nats, "orders", join_seconds=0.5), "orders")


async def test_wrong_credentials_are_named_and_not_repeated(nats: EmbeddedNats) -> None:
    bus = nats.url_for("orders").replace("orders:", "orders:wrong")
    with pytest.raises(WrongSetting, match="Authorization Violation") as raised:
        await joined(newcomer(nats, "orders", bus_url=bus, join_seconds=5), "orders")
    assert "wrong" not in str(raised.value)


async def test_the_first_front_goes_on_with_the_defaults(nats: EmbeddedNats) -> None:
    """It has no database to be told of, and nobody to ask."""
    assert (await joined(newcomer(nats, "front"), "front")).currency == "EUR"
    nobody = f"nats://127.0.0.1:{free_port()}"
    for told in ({"currency": "GBP"}, {"upstreams": "orders=http://127.0.0.1:1"}):
        settings = newcomer(nats, "front", bus_url=nobody, **told)
        assert await joined(settings, "front") is settings


async def test_a_front_has_what_its_siblings_have_whatever_else_it_was_told(nats: EmbeddedNats) -> None:
    async with Elder(nats, "front", currency="GBP", rate_limit=7, trusted_proxies="10.0.0.1"):
        settings = await joined(newcomer(nats, "front", trusted_proxies="10.0.0.2", bus_replicas=3), "front")
    assert (settings.currency, settings.rate_limit, settings.trusted_proxies) == ("GBP", 7, "10.0.0.2")


async def test_a_front_waits_for_an_answer_of_one_that_is_there(nats: EmbeddedNats) -> None:
    """One that is suspended, say. With a currency of its own making it would refuse the right one."""
    settings = Settings.model_validate({"bus_url": nats.url_for("front")})
    async with Bus(settings, "front") as bus:
        asked = asyncio.Event()

        async def suspended(_message: object) -> None:
            asked.set()

        await bus.listen(f"{SIBLINGS}front", suspended, queue="siblings")
        waiting = asyncio.create_task(joined(newcomer(nats, "front"), "front"))
        await asyncio.wait_for(asked.wait(), 10)
        async with Elder(nats, "front", currency="GBP"):
            assert (await asyncio.wait_for(waiting, 20)).currency == "GBP"


async def test_a_front_that_does_not_reach_the_bus_says_so(nats: EmbeddedNats) -> None:
    bus = f"nats://127.0.0.1:{free_port()}"
    with pytest.raises(WrongSetting, match=r"MARKETHALL_CURRENCY is missing.*within 0\.5 s: the bus"):
        await joined(newcomer(nats, "front", bus_url=bus, join_seconds=0.5), "front")


async def test_pictures_that_are_elsewhere_are_asked_for(nats: EmbeddedNats, tmp_path: Path) -> None:
    async with Elder(nats, "catalog", database_url=DATABASE, media=str(tmp_path)):
        assert (await joined(newcomer(nats, "catalog"), "catalog")).media == str(tmp_path)
    async with Elder(nats, "catalog", database_url=DATABASE, media=str(tmp_path / "elsewhere")):
        with pytest.raises(WrongSetting, match="MARKETHALL_MEDIA is missing"):
            await joined(newcomer(nats, "catalog"), "catalog")
        settings = await joined(newcomer(nats, "catalog", media="s3://pictures"), "catalog")
        assert settings.media == "s3://pictures"


async def test_what_a_later_release_says_is_passed_over_where_it_is_not_known(nats: EmbeddedNats) -> None:
    class Later(Settings):
        of_tomorrow: str = ""

    elder = Elder(nats, "orders", database_url=DATABASE)
    elder._settings = Later.model_validate({"database_url": DATABASE, "of_tomorrow": "x"})
    async with elder:
        assert (await joined(newcomer(nats, "orders"), "orders")).database_url == DATABASE


def test_what_is_its_own_is_a_setting() -> None:
    assert Settings.model_fields.keys() >= OWN
