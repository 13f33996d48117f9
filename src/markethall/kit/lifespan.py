"""The beginning of a service, which can be given up, and whose failure is no traceback."""

import asyncio

from uvicorn._types import LifespanStartupEvent
from uvicorn.lifespan.on import LifespanOn, LifespanSendMessage


class Lifespan(LifespanOn):
    """As the library's. Why a start failed is said by the service, where it fails."""

    _life: "asyncio.Task[None] | None" = None

    async def startup(self) -> None:
        self._life = asyncio.create_task(self.main(), name="life of the service")
        event: LifespanStartupEvent = {"type": "lifespan.startup"}
        await self.receive_queue.put(event)
        await self.startup_event.wait()
        self.should_exit = self.startup_failed or self.error_occurred

    def give_up(self) -> None:
        """End the start: what was opened is closed again. Nothing where it has succeeded, or failed."""
        if self._life is not None and not self.startup_event.is_set():
            self._life.cancel()

    async def send(self, message: LifespanSendMessage) -> None:
        if message["type"] == "lifespan.startup.failed":
            message = {"type": "lifespan.startup.failed", "message": ""}
        await super().send(message)
