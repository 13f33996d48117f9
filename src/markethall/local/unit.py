"""What the supervisor keeps running: a server of the shop, whatever program it is."""

from typing import Protocol


class Unit(Protocol):
    """One replica of one part. `start` may be called again after it has ended."""

    @property
    def service(self) -> str: ...

    @property
    def replica(self) -> str: ...

    @property
    def pid(self) -> int:
        """0 before the first start."""

    @property
    def url(self) -> str: ...

    async def start(self) -> None:
        """Returns when it is ready; raises StartFailed, with nothing left running."""

    async def wait(self) -> int:
        """Waits as long as it runs; the exit code, negative for a signal."""

    async def answers(self) -> bool:
        """Whether it reacts at all to a question, ready or not. The asker sets the time; an error means no."""

    async def stop(self) -> None:
        """Ends it with grace and waits for that; harmless where it has ended by itself."""

    def kill(self) -> None:
        """Ends it at once, without waiting."""
