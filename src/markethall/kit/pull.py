"""Pulling from a durable consumer: whatever is there, as soon as the first of it is there."""

import asyncio
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import msgspec
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from markethall.contracts.topology import Durable
from markethall.kit.bus import Bus, BusUnavailable

REQUEST_SECONDS = 5.0
"""How long the server keeps a request for messages open."""
HEARTBEAT_SECONDS = 0.5
"""How often the server says that a request is still open, where nothing else is to be said."""
SILENCE_SECONDS = 1.6
"""Without a word for so long, the request is taken for lost: with the server that held it, for one."""
ASK_AGAIN_SECONDS = (0.05, 0.1, 0.25, 0.5)
"""Waits after refusals. A durable whose leader has died has another one within 4 to 9 s."""
HEARTBEAT, NO_MESSAGES, TIME_IS_OVER = "100", "404", "408"


class Pull:
    """Messages off a durable that several replicas share. Entered once a connection is there.

    One request for up to `batch` messages is open at a time, and what arrives is handed out at
    once. The client library's own `fetch` waits until the server says that it is done, which with
    two replicas on one durable can be as late as the request's end: messages then lay for seconds.
    """

    def __init__(self, bus: Bus, durable: Durable, batch: int) -> None:
        self._bus = bus
        self._batch = batch
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{durable.stream}.{durable.name}"
        self._arrived: deque[Msg] = deque()
        self._news = asyncio.Event()
        self._subscription: Subscription | None = None
        self._inbox = ""
        self._requests = 0
        self._open = 0
        self._open_until = 0.0
        self._heard_at = 0.0
        self._refusals = 0
        self._ask_from = 0.0
        # The server forgets what was asked over a connection that broke.
        bus.on_reconnect(self._ended)

    async def __aenter__(self) -> Self:
        self._inbox = self._bus.client.new_inbox()
        self._open = self._refusals = 0
        self._subscription = await self._bus.client.subscribe(f"{self._inbox}.*", cb=self._hear)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What arrived and was not handed out goes back at once, for another replica."""
        subscription, self._subscription = self._subscription, None
        left = list(self._arrived)
        self._arrived.clear()
        if subscription is None or not self._bus.connected:
            return
        await subscription.unsubscribe()
        for message in left:
            await message.nak()

    @property
    def waiting(self) -> Sequence[Msg]:
        """What has arrived and was not handed out yet."""
        return tuple(self._arrived)

    async def next(self, timeout_seconds: float) -> list[Msg]:
        """What has arrived, at most `batch`; none if nothing comes in time.

        Raises:
            BusUnavailable: no connection.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_seconds
        while not self._arrived and (now := loop.time()) < until:
            self._news.clear()
            await self._ask(now)
            wake = self._heard_at + SILENCE_SECONDS if self._open else self._ask_from
            try:
                async with asyncio.timeout(max(min(wake, until) - now, 0.0)):
                    await self._news.wait()
            except TimeoutError:
                pass
        return [self._arrived.popleft() for _ in range(min(len(self._arrived), self._batch))]

    async def _ask(self, now: float) -> None:
        if not self._bus.connected:
            raise BusUnavailable()
        if now < self._ask_from:
            return
        if self._open > 0 and now < self._open_until and now < self._heard_at + SILENCE_SECONDS:
            return
        self._requests += 1
        self._open, self._open_until, self._heard_at = self._batch, now + REQUEST_SECONDS, now
        request = {
            "batch": self._batch,
            "expires": int(REQUEST_SECONDS * 1e9),
            "idle_heartbeat": int(HEARTBEAT_SECONDS * 1e9),
        }
        reply = f"{self._inbox}.{self._requests}"
        await self._bus.client.publish(self._subject, msgspec.json.encode(request), reply=reply)

    async def _hear(self, message: Msg) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        status = message.headers.get("Status") if message.headers else None
        if status is None:
            self._open -= 1
            self._refusals = 0
            self._arrived.append(message)
            self._news.set()
        elif message.subject != f"{self._inbox}.{self._requests}":
            pass  # of an earlier request
        elif status == HEARTBEAT:
            self._refusals = 0
        elif status in (NO_MESSAGES, TIME_IS_OVER):
            self._ended()
        else:
            self._refused()

    def _refused(self) -> None:
        """It has no leader just now, too many ask, or it is not there (any more)."""
        delay = ASK_AGAIN_SECONDS[min(self._refusals, len(ASK_AGAIN_SECONDS) - 1)]
        self._ask_from = self._heard_at + delay
        self._refusals += 1
        self._bus.repair()
        self._ended()

    def _ended(self) -> None:
        self._open = 0
        self._news.set()
