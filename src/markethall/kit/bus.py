"""The bus: NATS, with JetStream for what must arrive and plain NATS for what may be missed."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import msgspec
import nats
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from markethall.contracts.internal import WRITTEN_AT
from markethall.kit import telemetry
from markethall.kit.bus_connection import Connection
from markethall.kit.bus_setup import Setup
from markethall.kit.errors import Unavailable
from markethall.kit.settings import Settings
from markethall.kit.tasks import cancel

log = structlog.get_logger(__name__)

APPLIED_TO = "Applied-To"
JS_TIMEOUT_SECONDS = 5.0
PUBLISH_SECONDS = 3.0
"""For a stream to say that it has a message. Sent to one whose leader has died, it is lost, and sent again."""
CHECK_SECONDS = 30.0
"""How often it is looked whether all that must exist does."""


class BusUnavailable(Unavailable):
    """The bus is not connected; what was to be said stays in the outbox."""

    code = "bus_unavailable"


class Bus:
    """One connection to the bus, renewed for ever in the background.

    A part starts whether the bus is there or not. `part` names the row of
    `markethall.contracts.topology.PARTS` that says which streams and consumers it sets up.
    """

    def __init__(self, settings: Settings, part: str) -> None:
        self._settings = settings
        self._part = part
        self._client: Client = Connection()
        self._connected = asyncio.Event()
        self._connecting: asyncio.Task[None] | None = None
        self._on_reconnect: list[Callable[[], None]] = []
        self._on_disconnect: list[Callable[[], None]] = []
        self._setup = Setup(self._client, settings, part)
        self._setting_up = asyncio.Lock()
        self._broken = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    @property
    def part(self) -> str:
        return self._part

    @property
    def connected(self) -> bool:
        return self._client.is_connected

    @property
    def client(self) -> Client:
        return self._client

    @property
    def jetstream(self) -> JetStreamContext:
        return self._client.jetstream(timeout=JS_TIMEOUT_SECONDS)

    def on_disconnect(self, call: Callable[[], None]) -> None:
        """`call` runs when the connection is lost: from then on something may be missed."""
        self._on_disconnect.append(call)

    def on_reconnect(self, call: Callable[[], None]) -> None:
        """`call` runs whenever the connection is there again: something may have been missed."""
        self._on_reconnect.append(call)

    def serve_devices(self) -> None:
        """Say before it is entered that MQTT is on: what that takes is set up, too."""
        self._setup.add_devices()

    async def __aenter__(self) -> Self:
        self._connecting = asyncio.create_task(self._connect(), name="bus connection")
        # Most starts find the bus at once; then the parts that follow can use it straight away.
        await asyncio.wait([self._connecting], timeout=2.0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await cancel(self._keeping)
        await cancel(self._connecting)
        if self._client.is_connected:
            try:
                async with asyncio.timeout(3):
                    await self._client.flush(timeout=1)
            except Exception as failure:
                log.warning("bus not flushed", reason=repr(failure))
        if not self._client.is_closed:
            try:
                async with asyncio.timeout(3):
                    await self._client.close()
            except Exception as failure:
                log.warning("bus not closed", reason=repr(failure))

    async def _connect(self) -> None:
        servers = [server.strip() for server in self._settings.bus_url.split(",")]
        address = urlsplit(servers[0])
        await self._client.connect(
            servers=servers,
            user=unquote(address.username or ""),
            password=unquote(address.password or ""),
            name=f"{self._part}-{self._settings.replica}",
            inbox_prefix=f"_INBOX_{self._part}",
            allow_reconnect=True,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.2,  # type: ignore[arg-type]
            connect_timeout=1,
            # A server that does not answer is left after 1.5 to 2.3 s: this replica's heartbeat must not lapse.
            ping_interval=0.75,  # type: ignore[arg-type]
            max_outstanding_pings=2,
            # While it is not connected nothing is buffered here: the outbox is the buffer.
            pending_size=8 << 20,
            flush_timeout=2,
            disconnected_cb=self._lost,
            reconnected_cb=self._found,
            error_cb=self._failed,
        )
        self._connected.set()
        telemetry.BUS_CONNECTED.set(1)
        try:
            await self.ensure_topology()
        except Exception as error:
            log.info("the bus is not ready yet", reason=repr(error))
            self.repair()
        self._keeping = asyncio.create_task(self._keep_topology(), name="bus topology")

    async def _lost(self) -> None:
        self._connected.clear()
        telemetry.BUS_CONNECTED.set(0)
        log.warning("bus connection lost")
        for call in self._on_disconnect:
            call()

    async def _found(self) -> None:
        self._connected.set()
        telemetry.BUS_CONNECTED.set(1)
        log.info("bus connection is back")
        # What was kept in memory only is gone if all of the bus was.
        self.repair()
        for call in self._on_reconnect:
            call()

    async def _failed(self, error: Exception) -> None:
        log.warning("bus", reason=str(error) or type(error).__name__)
        if isinstance(error, nats.errors.SlowConsumerError):
            # What did not fit the queue was dropped: as after a broken connection.
            for call in self._on_reconnect:
                call()

    async def wait_connected(self, timeout_seconds: float) -> None:
        """
        Raises:
            BusUnavailable: not connected within the time.
        """
        if self._client.is_connected:
            return
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._connected.wait()
        except TimeoutError as error:
            raise BusUnavailable() from error

    async def check(self) -> str:
        """For health: "up", or an exception."""
        if not self._client.is_connected:
            raise BusUnavailable("Not connected to the bus.")
        return "up"

    # Saying things

    async def publish_live(self, subject: str, payload: bytes, *, reply_to: str | None = None) -> None:
        """To whoever listens now. Nothing is stored."""
        if not self._client.is_connected:
            raise BusUnavailable()
        await self._client.publish(subject, payload, headers={APPLIED_TO: reply_to} if reply_to else None)

    async def publish_stored(
        self,
        subject: str,
        payload: bytes,
        *,
        message_id: str,
        reply_to: str | None = None,
        written_at: str | None = None,
    ) -> None:
        """Into the subject's stream; returns once the stream has it."""
        headers = {"Nats-Msg-Id": message_id}
        if written_at:
            headers[WRITTEN_AT] = written_at
        if reply_to:
            headers[APPLIED_TO] = reply_to
        await self.jetstream.publish(subject, payload, headers=headers, timeout=PUBLISH_SECONDS)

    async def flush(self) -> None:
        """Returns once the server has read all that was published, and hears all that was subscribed to."""
        # The client writes its ping ahead of what it has buffered: only the second one follows it.
        await self._client.flush(timeout=2)
        await self._client.flush(timeout=2)

    async def request(self, subject: str, payload: bytes, timeout_seconds: float = 2.0) -> bytes:
        """
        Raises:
            BusUnavailable: no bus, nobody answers, or not in time.
        """
        try:
            if not self._client.is_connected:
                raise BusUnavailable()
            answer = await self._client.request(subject, payload, timeout=timeout_seconds)
        except nats.errors.Error as error:
            raise BusUnavailable(f"No answer on {subject}.") from error
        return answer.data

    # Hearing things

    async def listen(self, subject: str, hear: Callable[[Msg], Awaitable[None]], queue: str = "") -> None:
        """Hear a subject from now on; kept over reconnections. Waits for the first connection."""
        while not self._client.is_connected:
            await self._connected.wait()
        await self._client.subscribe(subject, queue=queue, cb=hear)
        await self.flush()

    # What must exist

    async def ensure_topology(self) -> None:
        """Make the streams, consumers and buckets of this part where they are missing; harmless to repeat.

        Raises what the bus refused, or nats' TimeoutError: it may have no leader just now.
        """
        async with self._setting_up:
            await self._setup.run()

    def repair(self) -> None:
        """Something that must exist seems not to: it is made in the background, whenever that is possible."""
        self._broken.set()

    async def _keep_topology(self) -> None:
        failures = 0
        while True:
            try:
                async with asyncio.timeout(CHECK_SECONDS):
                    await self._broken.wait()
            except TimeoutError:
                pass
            self._broken.clear()
            if not self._client.is_connected:
                continue
            try:
                await self.ensure_topology()
                failures = 0
            except Exception as error:
                # A cluster without a leader yet, or another replica making the same thing.
                failures += 1
                if failures in (5, 20) or failures % 100 == 0:
                    log.warning("bus topology", failures=failures, reason=repr(error))
                self._broken.set()
            await asyncio.sleep(min(0.1 * 2 ** min(failures, 5), 2.0))

    async def stream_identity(self, stream: str) -> str | None:
        """When the stream was made: another answer than before means that its messages were wiped.

        None where the bus does not answer.
        """
        try:
            info = await self._client.request(f"$JS.API.STREAM.INFO.{stream}", b"", timeout=2.0)
        except nats.errors.Error:
            return None
        created = _json(info.data).get("created")
        return str(created) if created else None


def _json(data: bytes) -> dict[str, Any]:
    decoded = msgspec.json.decode(data)
    return decoded if isinstance(decoded, dict) else {}
