"""So many requests a second for each client address: token buckets in a bounded table."""

from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from time import monotonic

from markethall.kit.errors import TooManyRequests

MAX_CLIENTS = 50_000


class RateLimits:
    """A bucket a client address, refilled at `per_second`, holding at most a second's worth.

    When the table is full the address that was quiet longest is forgotten: its bucket is the
    fullest, so nobody gains by it but one who calls from as many addresses.
    """

    def __init__(self, per_second: int | None, *, clock: Callable[[], float] = monotonic) -> None:
        self._rate = per_second
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def admit(self, client: str) -> None:
        """
        Raises:
            TooManyRequests: the client's bucket is empty.
        """
        if self._rate is None:
            return
        now = self._clock()
        tokens, filled = self._buckets.pop(client, (float(self._rate), now))
        tokens = min(float(self._rate), tokens + (now - filled) * self._rate)
        admitted = tokens >= 1.0
        self._buckets[client] = (tokens - 1.0 if admitted else tokens, now)
        if len(self._buckets) > MAX_CLIENTS:
            self._buckets.popitem(last=False)
        if not admitted:
            raise TooManyRequests(
                f"At most {self._rate} requests a second from one address.",
                retry_after_seconds=max(1, ceil((1.0 - tokens) / self._rate)),
            )
