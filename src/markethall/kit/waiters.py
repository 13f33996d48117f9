"""Waiting for something to be said about a key, when it may be said before one listens."""

import asyncio
from collections import OrderedDict, deque
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

T = TypeVar("T")
Heard = TypeVar("Heard", contravariant=True)


class Listener(Protocol[Heard]):
    """Who is told what is said about a key. Both calls may end its listening."""

    def put(self, value: Heard) -> None: ...

    def interrupt(self) -> None:
        """Whoever waits stops waiting."""
        ...


class Subscription(Generic[T]):
    """What was said about one key, in order. At most 64 unread values are kept; the oldest go.

    One task reads it, within a `with` block.
    """

    __slots__ = ("_key", "_values", "_waiters", "_waiting")

    def __init__(self, key: bytes, waiters: "Waiters[T]") -> None:
        self._key = key
        self._waiters = waiters
        self._values: deque[T] = deque(maxlen=64)
        self._waiting: asyncio.Future[None] | None = None

    def __enter__(self) -> Self:
        self._waiters.listen(self._key, self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waiters.leave(self._key, self)

    def put(self, value: T) -> None:
        self._values.append(value)
        self.interrupt()

    async def next(self, timeout_seconds: float) -> T | None:
        """The next value, or None once the time is over."""
        if not self._values:
            # A future and a timer: an event within a timeout costs thrice as much, for each order.
            loop = asyncio.get_running_loop()
            self._waiting = loop.create_future()
            timer = loop.call_later(timeout_seconds, self.interrupt)
            try:
                await self._waiting
            finally:
                timer.cancel()
                self._waiting = None
        return self._values.popleft() if self._values else None

    def interrupt(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


class Waiters(Generic[T]):
    """Hands values to whoever waits for their key.

    The last `recent` keys are remembered, so that a value that comes before its waiter is not
    missed. A value may still be lost (a restart, a broken connection): callers set a deadline.

    Where a key has one waiter, and he is there when the value comes, to remember it all the same costs more than to
    hand it over: each value drives another, that has long grown cold, out of memory (`only_unheard`).
    """

    def __init__(self, recent: int = 20_000, *, only_unheard: bool = False) -> None:
        """`only_unheard`: what a listener has heard who left for it is not remembered. Who goes on listening may still
        have to be told, for he may have heard nothing that is of use to him."""
        self._recent: OrderedDict[bytes, T] = OrderedDict()
        self._limit = recent
        self._only_unheard = only_unheard
        self._waiting: dict[bytes, list[Listener[T]]] = {}

    def listen(self, key: bytes, listener: Listener[T]) -> None:
        """It hears what is said from now on."""
        self._waiting.setdefault(key, []).append(listener)

    def leave(self, key: bytes, listener: Listener[T]) -> None:
        others = self._waiting[key]
        others.remove(listener)
        if not others:
            del self._waiting[key]

    def tell(self, key: bytes, value: T) -> None:
        listeners = tuple(self._waiting.get(key, ()))
        for listener in listeners:
            listener.put(value)
        if listeners and self._only_unheard and key not in self._waiting:
            self._recent.pop(key, None)
            return
        self._recent[key] = value
        self._recent.move_to_end(key)
        if len(self._recent) > self._limit:
            self._recent.popitem(last=False)

    def interrupt(self) -> None:
        """Whoever waits now gets None at once, as at the end of the time."""
        for listener in [listener for listeners in self._waiting.values() for listener in listeners]:
            listener.interrupt()

    def latest(self, key: bytes) -> T | None:
        """What was said last about the key, if it is remembered."""
        return self._recent.get(key)

    def subscribe(self, key: bytes, *, with_latest: bool = True) -> Subscription[T]:
        """To be entered at once: it hears what is said from then on."""
        subscription = Subscription(key, self)
        if with_latest and (value := self._recent.get(key)) is not None:
            subscription.put(value)
        return subscription
