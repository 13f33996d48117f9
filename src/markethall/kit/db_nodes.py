"""Which of several database servers to speak to: the one that is the primary now, or one that follows it."""

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg

NEXT_SECONDS = 0.5
"""A server that has not answered by then is not waited for alone: the next one is asked, too."""

WANTED_STANDBY = {"any": None, "primary": False, "read-write": False, "standby": True, "read-only": True}
"""`target_session_attrs`, as libpq has it → whether a standby is wanted; None: it does not matter."""


class NoSuchNode(ConnectionError):
    """No server answers that is what was wanted: a primary, or a standby."""


class Nodes:
    """The servers that one `postgresql://user:password@host:port,host:port/database?…` names."""

    def __init__(self, url: str) -> None:
        self._urls, self._wanted = parse(url)
        self._last_good = 0

    async def connect(self, timeout_seconds: float, **settings: Any) -> "asyncpg.Connection[asyncpg.Record]":
        """A new connection. Whoever was good the last time is asked first; others soon after, if it is silent.

        Raises:
            NoSuchNode, OSError, TimeoutError, asyncpg.PostgresError: none within the time.
        """
        waiting = [self._last_good, *(index for index in range(len(self._urls)) if index != self._last_good)]
        asked: dict[asyncio.Task[asyncpg.Connection[asyncpg.Record]], int] = {}
        failures: list[BaseException] = []
        try:
            async with asyncio.timeout(timeout_seconds):
                while waiting or len(failures) < len(asked):
                    if waiting:
                        index = waiting.pop(0)
                        asked[asyncio.create_task(self._ask(index, timeout_seconds, settings))] = index
                    open_tasks = [task for task in asked if not task.done()]
                    await asyncio.wait(
                        open_tasks,
                        timeout=NEXT_SECONDS if waiting else None,
                        return_when=asyncio.FIRST_COMPLETED,
                    )
                    for task in asked:
                        if task.done() and task.exception() is None:
                            self._last_good = asked.pop(task)
                            return task.result()
                    failures = [error for task in asked if task.done() and (error := task.exception())]
        finally:
            for task in asked:
                task.add_done_callback(_let_go)
                task.cancel()
        raise _worst(failures)

    async def _ask(
        self, index: int, timeout_seconds: float, settings: dict[str, Any]
    ) -> "asyncpg.Connection[asyncpg.Record]":
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
            self._urls[index], timeout=timeout_seconds, **settings
        )
        # The server says so by itself, when a connection begins and whenever it changes.
        follows = getattr(connection.get_settings(), "in_hot_standby", "off") == "on"
        if self._wanted is not None and follows != self._wanted:
            connection.terminate()
            raise NoSuchNode("a standby" if follows else "a primary")
        return connection


def parse(url: str) -> tuple[Sequence[str], bool | None]:
    """A URL for each server, and whether a standby is wanted.

    Raises:
        ValueError: it says something of `target_session_attrs` that is not understood.
    """
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    attributes = query.pop("target_session_attrs", "any")
    if attributes not in WANTED_STANDBY:
        raise ValueError(f"target_session_attrs={attributes} is none of {', '.join(WANTED_STANDBY)}")
    login, _, hosts = parts.netloc.rpartition("@")
    prefix = f"{login}@" if login else ""
    urls = [urlunsplit(parts._replace(netloc=prefix + host, query=urlencode(query))) for host in hosts.split(",")]
    return urls, WANTED_STANDBY[attributes]


def _let_go(task: "asyncio.Task[asyncpg.Connection[asyncpg.Record]]") -> None:
    """Of an answer that came too late."""
    if not task.cancelled() and task.exception() is None:
        task.result().terminate()


def _worst(failures: Sequence[BaseException]) -> BaseException:
    """What tells most: a wrong password, say, rather than that the other server is a standby."""
    for kind in (asyncpg.PostgresError, NoSuchNode):
        for failure in failures:
            if isinstance(failure, kind):
                return failure
    return failures[0] if failures else NoSuchNode()
