"""How new a read has to be: a place in the primary's log, carried along with requests and answers.

Whoever asks says in `Read-At-Least` what it has heard of: a position, or `newest`. A standby answers only
when it has come that far. `Written-At` on an answer is a position that holds all the asker has seen by it.
Both are for the parts among themselves: front takes them off what comes from outside, and off what goes there.
"""

from contextvars import ContextVar

from markethall.contracts.internal import READ_AT_LEAST, UNKNOWN_POSITION, WRITTEN_AT
from markethall.kit.asgi import ASGIApp, Message, Receive, Scope, Send, header

Position = int
"""Bytes since the beginning of PostgreSQL's log."""


class Freshness:
    """Of one request. `at_least`: None for the newest there is. `written_at`: what the answer will say."""

    def __init__(self, at_least: Position | None = None) -> None:
        self.at_least = at_least
        self.written_at: str | None = None

    def wrote(self, position: Position | None) -> None:
        """None: it could not be found out."""
        self.written_at = UNKNOWN_POSITION if position is None else str(position)


_current: ContextVar[Freshness | None] = ContextVar("freshness", default=None)


def current() -> Freshness:
    """Of the request that is being answered; outside of one, the newest is wanted."""
    return _current.get() or Freshness()


class CarriesFreshness:
    """ASGI: reads `Read-At-Least`, and says `Written-At`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = header(scope, READ_AT_LEAST.encode())
        freshness = Freshness(int(asked) if asked and asked.isascii() and asked.isdigit() else None)

        async def say(message: Message) -> None:
            if message["type"] == "http.response.start" and freshness.written_at is not None:
                message["headers"] = [*message["headers"], (WRITTEN_AT.encode(), freshness.written_at.encode())]
            await send(message)

        token = _current.set(freshness)
        try:
            await self._app(scope, receive, say)
        finally:
            _current.reset(token)
