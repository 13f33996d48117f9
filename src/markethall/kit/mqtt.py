"""Publishing to MQTT clients at QoS 1. The client library is loaded with the first message: it takes 6 MiB."""

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec
import structlog

from markethall.kit.ids import random_hex
from markethall.kit.settings import Settings

if TYPE_CHECKING:
    from aiomqtt import Client

log = structlog.get_logger(__name__)

KEEPALIVE_SECONDS = 5
"""The broker ends a connection that is silent for half as long again."""
CONNECT_SECONDS = 5.0
ACKNOWLEDGE_SECONDS = 5.0
CLOSE_SECONDS = 2.0


class Retained(msgspec.Struct, frozen=True):
    """A message for a topic. One that is `kept` is what later subscribers hear; an empty one ends that."""

    topic: str
    payload: bytes
    kept: bool = True


class Outcome(msgspec.Struct, frozen=True):
    """`acknowledged`: the broker has it. `doubtful`: it may still get it within the next 15 s.

    Neither: it did not get it, or it did and the acknowledgement was lost; nothing is on its way any more.
    """

    acknowledged: bool
    doubtful: bool = False


class MqttPublisher:
    """One connection, made when there is something to say, and made anew after it broke.

    A new connection is a new session: nothing of the old one is sent again behind the caller's back.
    """

    def __init__(self, settings: Settings) -> None:
        self._servers = [urlsplit(server.strip()) for server in settings.mqtt_url.split(",")]
        as_whom = urlsplit(settings.bus_url.split(",")[0].strip())
        self._user, self._password = unquote(as_whom.username or ""), unquote(as_whom.password or "")
        self._name = f"markethall-{settings.service}-{settings.replica}"
        self._client: Client | None = None
        self._broken: asyncio.Task[bool] | None = None

    async def publish(self, messages: Sequence[Retained]) -> list[Outcome]:
        """In turn. Raises OSError where no server takes the connection: nothing was sent."""
        if self._broken is not None and self._broken.done():
            await self.close()
        if self._client is None:
            await self._connect()
        assert self._client is not None
        assert self._broken is not None
        client, broken = self._client, self._broken
        sending = [asyncio.create_task(self._send(client, message)) for message in messages]
        everything = asyncio.gather(*sending)
        either: tuple[asyncio.Future[Any], ...] = (everything, broken)
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if everything.done():
            outcomes = everything.result()
        else:
            silent = broken.result()
            outcomes = [one.result() if one.done() else Outcome(False, doubtful=silent) for one in sending]
            everything.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await everything
        if not all(outcome.acknowledged for outcome in outcomes):
            await self.close()
        return outcomes

    async def close(self) -> None:
        client, self._client = self._client, None
        broken, self._broken = self._broken, None
        if broken is not None:
            broken.cancel()
        if client is not None:
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await client.__aexit__(None, None, None)
            except Exception as error:
                log.info("mqtt connection not closed in order", reason=repr(error))

    async def _send(self, client: "Client", message: Retained) -> Outcome:
        from aiomqtt import MqttCodeError, MqttError

        try:
            await client.publish(
                message.topic, message.payload, qos=1, retain=message.kept, timeout=ACKNOWLEDGE_SECONDS
            )
        except MqttCodeError:
            return Outcome(False)  # refused before it was sent
        except MqttError:
            return Outcome(False, doubtful=True)
        return Outcome(True)

    async def _connect(self) -> None:
        for _ in self._servers:
            server = self._servers[0]
            try:
                await self._connect_to(server)
                return
            except OSError as error:
                log.info("mqtt server does not take the connection", server=server.hostname, reason=repr(error))
                self._servers = [*self._servers[1:], server]
        raise ConnectionError("no MQTT server takes the connection")

    async def _connect_to(self, server: SplitResult) -> None:
        from aiomqtt import Client, MqttError

        client = Client(
            server.hostname or "",
            server.port or (8883 if server.scheme == "mqtts" else 1883),
            username=self._user or None,
            password=self._password or None,
            identifier=f"{self._name}-{random_hex(8)}",
            clean_session=True,
            timeout=CONNECT_SECONDS,
            keepalive=KEEPALIVE_SECONDS,
            tls_context=ssl.create_default_context() if server.scheme == "mqtts" else None,
        )
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await client.__aenter__()
        except (MqttError, OSError, TimeoutError) as error:
            raise ConnectionError(str(error) or type(error).__name__) from error
        self._client = client
        self._broken = asyncio.create_task(_until_broken(client), name="mqtt connection")


async def _until_broken(client: "Client") -> bool:
    """Whether the broker fell silent: where it ended the connection, nothing is on its way any more."""
    from aiomqtt import MqttCodeError, MqttError

    try:
        async for _ in client.messages:
            pass
    except MqttError as error:
        cause = error.__cause__
        return not isinstance(cause, MqttCodeError) or "Keep alive" in str(cause.rc)
    return True
