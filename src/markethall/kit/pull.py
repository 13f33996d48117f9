"""Pulling from a durable consumer: whatever is there, as soon as the first of it is there."""

import asyncio
from collections import deque
from types import TracebackType
from typing import Self

import msgspec
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from markethall.contracts.topology import Durable
from markethall.kit.bus import Bus, BusUnavailable

REQUEST_SECONDS = 5.0
"""How long the server keeps a request for messages open."""
HARMLESS = frozenset({"404", "408"})
"""Statuses that end a request: nothing there, and its time is over."""


class Pull:
    """Messages off a durable that several replicas share. Entered once a connection is there, again after a refusal.

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
        self._refusal: str | None = None
        # The server forgets what was asked over a connection that broke.
        bus.on_reconnect(self._ended)

    async def __aenter__(self) -> Self:
        self._inbox = self._bus.client.new_inbox()
        self._open, self._refusal = 0, None
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

    async def next(self, timeout_seconds: float) -> list[Msg]:
        """What has arrived, at most `batch`; none if nothing comes in time.

        Raises:
            BusUnavailable: no connection, or the durable is not there (any more).
        """
        if not self._arrived and self._refusal is None:
            self._news.clear()
            await self._ask()
            try:
                async with asyncio.timeout(timeout_seconds):
                    await self._news.wait()
            except TimeoutError:
                return []
        if not self._arrived and self._refusal is not None:
            raise BusUnavailable(self._refusal)
        return [self._arrived.popleft() for _ in range(min(len(self._arrived), self._batch))]

    async def _ask(self) -> None:
        if not self._bus.connected:
            raise BusUnavailable()
        now = asyncio.get_running_loop().time()
        if self._open > 0 and now < self._open_until:
            return
        self._requests += 1
        self._open, self._open_until = self._batch, now + REQUEST_SECONDS
        request = {"batch": self._batch, "expires": int(REQUEST_SECONDS * 1e9)}
        reply = f"{self._inbox}.{self._requests}"
        await self._bus.client.publish(self._subject, msgspec.json.encode(request), reply=reply)

    async def _hear(self, message: Msg) -> None:
        status = message.headers.get("Status") if message.headers else None
        if status is None:
            self._open -= 1
            self._arrived.append(message)
            self._news.set()
        elif message.subject == f"{self._inbox}.{self._requests}":
            if status not in HARMLESS:
                self._refusal = f"{status} {message.headers.get('Description', '') if message.headers else ''}"
            self._ended()

    def _ended(self) -> None:
        self._open = 0
        self._news.set()
