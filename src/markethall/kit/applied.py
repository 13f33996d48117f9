"""Applied notices: a writer waits until those who keep copies have applied its change.

So that what was answered can be used at once, everywhere. It is a courtesy with a deadline,
not a guarantee that correctness stands on: versions and the outbox do that.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from nats.aio.msg import Msg

from markethall.contracts.topology import APPLIED
from markethall.kit.bus import Bus
from markethall.kit.registry import Directory
from markethall.kit.settings import Settings
from markethall.kit.tasks import cancel

DEADLINE_SECONDS = 3.0


class Notice:
    """One change on its way. Put `reply_to` into its outbox message."""

    def __init__(self, reply_to: str, directory: Directory) -> None:
        self.reply_to = reply_to
        self._directory = directory
        self._heard: set[str] = set()
        self._news = asyncio.Event()

    def hear(self, name: str) -> None:
        self._heard.add(name)
        self._news.set()

    async def wait(self, consumers: dict[str, str], *, fronts: bool = True) -> bool:
        """Wait for `consumers` (service → durable consumer) and every live front; False at the deadline.

        A service that has no live replica now is not waited for.
        """
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                while not self._expected(consumers, fronts) <= self._heard:
                    self._news.clear()
                    # Woken at least every 100 ms: a replica may leave while it is waited for.
                    try:
                        async with asyncio.timeout(0.1):
                            await self._news.wait()
                    except TimeoutError:
                        continue
        except TimeoutError:
            return False
        return True

    def _expected(self, consumers: dict[str, str], fronts: bool) -> set[str]:
        names = {name for service, name in consumers.items() if self._directory.live(service)}
        if fronts:
            names |= {front_name(replica.id) for replica in self._directory.live("front")}
        return names


def front_name(replica_id: str) -> str:
    """What a front calls itself in its applied notices."""
    return f"front/{replica_id}"


class AppliedNotices:
    """Hears the notices meant for this replica."""

    def __init__(self, bus: Bus, directory: Directory, settings: Settings) -> None:
        self._bus = bus
        self._directory = directory
        self._prefix = f"{APPLIED}{bus.part}.{settings.replica}."
        self._next = 0
        self._open: dict[str, Notice] = {}
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._listening = asyncio.create_task(self._bus.listen(f"{self._prefix}*", self._hear))
        await asyncio.wait([self._listening], timeout=2.0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await cancel(self._listening)

    @contextmanager
    def notice(self) -> Iterator[Notice]:
        self._next += 1
        reply_to = f"{self._prefix}{self._next}"
        notice = self._open[reply_to] = Notice(reply_to, self._directory)
        try:
            yield notice
        finally:
            del self._open[reply_to]

    async def _hear(self, message: Msg) -> None:
        if (notice := self._open.get(message.subject)) is not None:
            notice.hear(message.data.decode(errors="replace"))
