"""The embedded bus: each part reaches its own subjects, and no other."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import nats as nats_client
import psutil
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError

from markethall.contracts.topology import DEAD, PARTS, REPLICAS_BUCKET, SIBLINGS, STREAMS
from markethall.kit.bus import Bus
from markethall.local.credentials import BUS_OPERATOR, SERVICES, Credentials
from markethall.local.nats import MAX_PAYLOAD_BYTES, EmbeddedNats
from tests.support.machine import eventually, settings_for


class Guest:
    """A connection with a part's user, and what the server refused it."""

    def __init__(self, client: Client, refused: list[str]) -> None:
        self.client = client
        self._refused = refused

    async def refused(self, subject: str) -> bool:
        """Whether publishing was refused; the server says so before it answers a ping."""
        self._refused.clear()
        await self.client.publish(subject, b"")
        await self._round_trip()
        return any(f'permissions violation for publish to "{subject.lower()}"' in error for error in self._refused)

    async def may_not_hear(self, subject: str) -> bool:
        self._refused.clear()
        subscription = await self.client.subscribe(subject)
        await self._round_trip()
        refused = any(
            f'permissions violation for subscription to "{subject.lower()}"' in error for error in self._refused
        )
        await subscription.unsubscribe()
        return refused

    async def _round_trip(self) -> None:
        # The client's first ping overtakes what it has not written yet; the second follows it.
        await self.client.flush(timeout=5)
        await self.client.flush(timeout=5)


@asynccontextmanager
async def guest(nats: EmbeddedNats, part: str) -> AsyncIterator[Guest]:
    errors: list[str] = []

    async def note(error: Exception) -> None:
        errors.append(str(error))

    client = await nats_client.connect(nats.url_for(part), inbox_prefix=f"_INBOX_{part}", error_cb=note)
    try:
        yield Guest(client, errors)
    finally:
        await client.close()


@pytest.mark.parametrize("part", SERVICES)
async def test_a_part_says_what_is_its_own_to_say_and_nothing_else(nats: EmbeddedNats, part: str) -> None:
    everything = {subject for each in PARTS.values() for subject in (*each.publishes, *each.requests)}
    own = {*PARTS[part].publishes, *PARTS[part].requests}
    async with guest(nats, part) as connected:
        for subject in sorted(own):
            assert not await connected.refused(subject), subject
        for subject in sorted(everything - own):
            assert await connected.refused(subject), subject


@pytest.mark.parametrize("part", SERVICES)
async def test_a_part_hears_what_is_meant_for_it_and_nothing_else(nats: EmbeddedNats, part: str) -> None:
    own = {*PARTS[part].listens, *PARTS[part].answers, f"_INBOX_{part}.x", f"applied.{part}.1.1"}
    heard = {subject for each in PARTS.values() for subject in (*each.listens, *each.answers)}
    others = {subject for subject in heard if not any(covers(pattern, subject) for pattern in own)}
    others |= {f"_INBOX_{other}.>" for other in SERVICES if other != part}
    async with guest(nats, part) as connected:
        for subject in sorted(own):
            assert not await connected.may_not_hear(subject), subject
        for subject in sorted(others | {">", "orders.>", "stock.>", "accounts.>", "$JS.>", "$SYS.>"}):
            assert await connected.may_not_hear(subject), subject


@pytest.mark.parametrize("part", SERVICES)
async def test_a_part_cannot_pose_as_another(nats: EmbeddedNats, part: str) -> None:
    async with guest(nats, part) as connected:
        for other in sorted({*SERVICES} - {part}):
            assert await connected.refused(f"$KV.{REPLICAS_BUCKET}.{other}.1")
            assert await connected.refused(f"_INBOX_{other}.x")
        for stream in STREAMS:
            for durable in PARTS[part].durables:
                assert await connected.refused(f"$JS.API.CONSUMER.MSG.NEXT.{stream.name}.not-{durable.name}")
            for forbidden in ("STREAM.DELETE", "STREAM.PURGE", "STREAM.UPDATE", "STREAM.MSG.DELETE", "STREAM.MSG.GET"):
                assert await connected.refused(f"$JS.API.{forbidden}.{stream.name}")
        assert await connected.refused("$SYS.REQ.SERVER.PING")
        assert await connected.refused(f"{DEAD}somebody-elses")


@pytest.mark.parametrize("part", SERVICES)
async def test_a_part_can_set_up_all_that_it_needs(nats: EmbeddedNats, part: str) -> None:
    async with Bus(settings_for(part, "", nats), part) as bus:
        await bus.wait_connected(5)
        await bus.ensure_topology()
        for stream in PARTS[part].streams:
            assert await bus.stream_identity(stream)
        for durable in PARTS[part].durables:
            assert (await bus.jetstream.consumer_info(durable.stream, durable.name)).name == durable.name


async def test_only_the_asked_may_answer(nats: EmbeddedNats) -> None:
    """A part that serves a request answers into the asker's inbox, once, and only then."""
    async with guest(nats, "catalog") as catalog, guest(nats, "orders") as orders:

        async def reply(message: Msg) -> None:
            await message.respond(b"page")

        await catalog.client.subscribe("catalog.snapshot", cb=reply)
        await catalog.client.flush()
        await catalog.client.flush()
        answer = await orders.client.request("catalog.snapshot", b"", timeout=5)
        assert answer.data == b"page"
        assert await catalog.refused("_INBOX_orders.later")


@pytest.mark.parametrize("part", SERVICES)
async def test_nobody_asks_or_hears_for_the_settings_of_another_part(nats: EmbeddedNats, part: str) -> None:
    """They hold a database's password."""
    async with guest(nats, part) as connected:
        for other in SERVICES:
            mine = other == part
            assert await connected.refused(f"{SIBLINGS}{other}") != mine
            assert await connected.may_not_hear(f"{SIBLINGS}{other}") != mine
            assert await connected.refused(f"_INBOX_{other}.answer") != mine


async def test_what_is_listened_to_is_heard_from_then_on(nats: EmbeddedNats) -> None:
    """The library's own flush returns too early one time in ten, hence so many."""
    heard: set[int] = set()

    def note(number: int) -> Callable[[Msg], Awaitable[None]]:
        async def hear(message: Msg) -> None:
            if message.data == str(number).encode():
                heard.add(number)

        return hear

    async with Bus(settings_for("front", "", nats), "front") as front, guest(nats, "inventory") as inventory:
        for number in range(100):
            await front.listen("live.stock.changed", note(number))
            await inventory.client.publish("live.stock.changed", str(number).encode())
            await inventory.client.flush()
        await inventory.client.flush()
        await front.flush()
    assert heard == set(range(100))


async def test_nobody_enters_without_the_password(nats: EmbeddedNats, credentials: Credentials) -> None:
    for user in (BUS_OPERATOR, "catalog"):
        for url in (nats.url, nats.url_for(user).replace(credentials.bus[user], "wrong")):
            with pytest.raises(nats_client.errors.Error, match="Authorization Violation"):
                await nats_client.connect(url, allow_reconnect=False, connect_timeout=5)


async def test_a_message_may_be_as_large_as_a_batch(nats: EmbeddedNats) -> None:
    client = await nats_client.connect(nats.url_for(BUS_OPERATOR))
    try:
        assert client.max_payload == MAX_PAYLOAD_BYTES
        with pytest.raises(NoRespondersError):
            await client.request("nobody.there", bytes(MAX_PAYLOAD_BYTES - 1), timeout=5)
    finally:
        await client.close()


async def test_it_listens_on_loopback_only(nats: EmbeddedNats) -> None:
    listening = {c.laddr.ip for c in psutil.Process(nats.pid).net_connections() if c.status == "LISTEN"}
    assert listening == {"127.0.0.1"}


async def test_its_passwords_are_readable_by_the_owner_only(tmp_path: Path, credentials: Credentials) -> None:
    (tmp_path / "logs").mkdir()
    server = EmbeddedNats(tmp_path / "nats", credentials.bus, tmp_path / "logs")
    await server.start()
    await server.stop()
    assert (tmp_path / "nats" / "nats.conf").stat().st_mode & 0o077 == 0


async def test_what_it_acknowledged_survives_kill_9(tmp_path: Path, credentials: Credentials) -> None:
    (tmp_path / "logs").mkdir()
    server = EmbeddedNats(tmp_path / "nats", credentials.bus, tmp_path / "logs")
    await server.start()
    try:
        async with Bus(settings_for("orders", "", server), "orders") as bus:
            await bus.wait_connected(5)
            await bus.ensure_topology()
            for number in range(20):
                await bus.publish_stored("orders.placed", b"x", message_id=str(number))
        os.kill(server.pid, signal.SIGKILL)
        await server.wait()
        await server.stop()
        await server.start()
        async with Bus(settings_for("orders", "", server), "orders") as bus:
            await bus.wait_connected(5)
            await eventually(lambda: stored(bus, 20))
    finally:
        await server.stop()


def covers(pattern: str, subject: str) -> bool:
    """Whether who may hear `pattern` hears `subject` with it."""
    return subject == pattern or (pattern.endswith(".>") and subject.startswith(pattern.removesuffix(">")))


async def stored(bus: Bus, count: int) -> bool:
    async with asyncio.timeout(5):
        return (await bus.jetstream.stream_info("ORDERS")).state.messages == count


async def test_a_store_that_cannot_be_read_is_set_aside(tmp_path: Path, credentials: Credentials) -> None:
    """As when NATS is killed between making a stream's folder and describing it."""
    logs = tmp_path / "logs"
    logs.mkdir()
    server = EmbeddedNats(tmp_path / "nats", credentials.bus, logs)
    await server.start()
    try:
        async with Bus(settings_for("orders", "", server), "orders"):
            pass
        await server.stop()
        [description] = (tmp_path / "nats" / "store").glob("jetstream/*/streams/ORDERS/meta.inf")
        description.unlink()
        await server.start()
        async with Bus(settings_for("orders", "", server), "orders") as bus:
            assert (await bus.jetstream.stream_info("ORDERS")).state.messages == 0
        assert (tmp_path / "nats" / "store.damaged").is_dir()
    finally:
        await server.stop()


async def test_one_whose_store_is_deleted_while_it_runs_is_not_taken_for_well(
    tmp_path: Path, credentials: Credentials
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    server = EmbeddedNats(tmp_path / "nats", credentials.bus, logs)
    await server.start()
    try:
        assert await server.answers()
        shutil.rmtree(tmp_path / "nats" / "store")
        assert not await server.answers()
        await server.stop()
        await server.start()
        assert await server.answers()
    finally:
        await server.stop()
