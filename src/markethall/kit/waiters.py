"""Waiting for something to be said about a key, when it may be said before one listens."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class Subscription(Generic[T]):
    """What was said about one key, in order. At most 64 unread values are kept; the oldest go."""

    def __init__(self) -> None:
        self._values: deque[T] = deque(maxlen=64)
        self._arrived = asyncio.Event()

    def put(self, value: T) -> None:
        self._values.append(value)
        self._arrived.set()

    async def next(self, timeout_seconds: float) -> T | None:
        """The next value, or None once the time is over."""
        if not self._values:
            self._arrived.clear()
            try:
                async with asyncio.timeout(timeout_seconds):
                    await self._arrived.wait()
            except TimeoutError:
                return None
        return self._values.popleft() if self._values else None

    def interrupt(self) -> None:
        self._arrived.set()


class Waiters(Generic[T]):
    """Hands values to whoever waits for their key.

    The last `recent` keys are remembered, so that a value that comes before its waiter is not
    missed. A value may still be lost (a restart, a broken connection): callers set a deadline.
    """

    def __init__(self, recent: int = 20_000) -> None:
        self._recent: OrderedDict[bytes, T] = OrderedDict()
        self._limit = recent
        self._waiting: dict[bytes, set[Subscription[T]]] = {}

    def tell(self, key: bytes, value: T) -> None:
        for subscription in self._waiting.get(key, ()):
            subscription.put(value)
        self._recent[key] = value
        self._recent.move_to_end(key)
        if len(self._recent) > self._limit:
            self._recent.popitem(last=False)

    def interrupt(self) -> None:
        """Whoever waits now gets None at once, as at the end of the time."""
        for subscriptions in self._waiting.values():
            for subscription in subscriptions:
                subscription.interrupt()

    def latest(self, key: bytes) -> T | None:
        """What was said last about the key, if it is still remembered."""
        return self._recent.get(key)

    @contextmanager
    def subscribe(self, key: bytes, *, with_latest: bool = True) -> Iterator[Subscription[T]]:
        subscription: Subscription[T] = Subscription()
        if with_latest and (value := self._recent.get(key)) is not None:
            subscription.put(value)
        self._waiting.setdefault(key, set()).add(subscription)
        try:
            yield subscription
        finally:
            waiting = self._waiting[key]
            waiting.discard(subscription)
            if not waiting:
                del self._waiting[key]
