"""Which replicas have fallen silent: a request that waits long has its replica looked at."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import structlog

from markethall.contracts.messages import Replica

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 0.8
"""A request that waits longer has its replica asked whether it lives. Slow replicas say yes, and are waited for."""
PAUSE_SECONDS = 0.5
"""Between looks at a silent replica."""


class Suspicion:
    """Suspects replicas that do not answer a look, until they do or are no longer listed.

    Time alone would not tell a replica that hangs from one that is loaded, and trying elsewhere what a
    loaded one is working on makes more load.
    """

    def __init__(self, look: Callable[[Replica], Awaitable[bool]], is_listed: Callable[[Replica], bool]) -> None:
        self._look = look
        self._is_listed = is_listed
        self._waiting: dict[str, list[Callable[[], None]]] = {}
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._suspected: set[str] = set()

    def of(self, replica: Replica) -> bool:
        return replica.address in self._suspected

    @contextmanager
    def waiting(self, replica: Replica, give_up: Callable[[], None]) -> Iterator[None]:
        """While something waits for the replica: `give_up` is called once if the replica is found silent."""
        waiting = self._waiting.setdefault(replica.address, [])
        waiting.append(give_up)
        timer = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self.doubt, replica)
        try:
            yield
        finally:
            timer.cancel()
            waiting.remove(give_up)
            if not waiting and self._waiting.get(replica.address) is waiting:
                del self._waiting[replica.address]

    def doubt(self, replica: Replica) -> None:
        """Have a look at it, unless that is being done."""
        if replica.address not in self._watches:
            name = f"look at {replica.service} {replica.id}"
            self._watches[replica.address] = asyncio.create_task(self._watch(replica), name=name)

    def close(self) -> None:
        for watch in self._watches.values():
            watch.cancel()

    async def _watch(self, replica: Replica) -> None:
        address = replica.address
        try:
            while await self._look(replica):
                if address not in self._waiting:
                    return
                await asyncio.sleep(PATIENCE_SECONDS)
            log.warning("replica is silent", service=replica.service, silent=replica.id)
            self._suspected.add(address)
            for give_up in list(self._waiting.get(address, ())):
                give_up()
            while self._is_listed(replica):
                if await self._look(replica):
                    break
                await asyncio.sleep(PAUSE_SECONDS)
        finally:
            self._suspected.discard(address)
            del self._watches[address]
