"""One wish over the wire, with its retries: what a careful client does with a shop whose parts die."""

import asyncio
import random
from dataclasses import dataclass
from time import monotonic
from typing import Any

import aiohttp
import msgspec

from markethall.chaos.history import Attempt, Call, History, HistoryFull, Kind, Outcome, Request
from markethall.chaos.workload.answers import kept

RETRIED = frozenset({408, 429, 500, 502, 503, 504})
MAX_CONNECTIONS = 1_000


@dataclass(frozen=True)
class Patience:
    """How long a client waits for one answer, and with all its retries."""

    attempt_seconds: float = 5.0
    total_seconds: float = 20.0
    max_attempts: int = 40
    first_backoff_seconds: float = 0.05
    longest_backoff_seconds: float = 1.0


class Wire:
    """Sends, retries, and writes all of it into the history."""

    def __init__(self, url: str, history: History, patience: Patience) -> None:
        self.history = history
        self.full = False
        """The history is: nothing more may be asked."""
        self.patience = patience
        self.url = url
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS, keepalive_timeout=15),
            timeout=aiohttp.ClientTimeout(total=None),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        await self.session.close()

    async def call(
        self,
        client: str,
        kind: Kind,
        request: Request,
        headers: dict[str, str] | None = None,
        *,
        token: str | None = None,
        repeatable: bool = True,
        wait_seconds: float = 0.0,
        patience: Patience | None = None,
    ) -> Call:
        """`wait_seconds` is what the shop was asked to wait, beyond an attempt's own time.

        A request that is not `repeatable` is sent once. Never raises for what the shop does.
        """
        patience = patience or self.patience
        sent = dict(headers or {})
        if request.key is not None:
            sent["Idempotency-Key"] = request.key
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        data = None
        if request.body is not None:
            sent["Content-Type"] = "application/json"
            data = msgspec.json.encode(request.body)
        attempts: list[Attempt] = []
        started = monotonic()
        outcome: Outcome = "unknown"
        status: int | None = None
        answer: dict[str, Any] = {}
        while True:
            attempt, answer = await self._attempt(kind, request, sent, data, patience.attempt_seconds + wait_seconds)
            attempts.append(attempt)
            if attempt.status is not None and attempt.status not in RETRIED:
                outcome, status = "ok" if attempt.status < 400 else "refused", attempt.status
                break
            pause = _backoff(len(attempts), patience)
            is_over = monotonic() + pause - started > patience.total_seconds
            if not repeatable or is_over or len(attempts) >= patience.max_attempts:
                break
            await asyncio.sleep(pause)
        call = Call(client, kind, started, monotonic(), outcome, request, tuple(attempts), status, answer)
        self._note(call)
        return call

    async def _attempt(
        self, kind: Kind, request: Request, headers: dict[str, str], data: bytes | None, seconds: float
    ) -> tuple[Attempt, dict[str, Any]]:
        started = monotonic()
        try:
            async with (
                asyncio.timeout(seconds),
                self.session.request(request.method, self.url + request.path, data=data, headers=headers) as response,
            ):
                text = await response.read()
                body = (
                    msgspec.json.decode(text) if text and "json" in response.headers.get("Content-Type", "") else None
                )
                answer = kept(kind, response.status, body, response.headers.get("Cache-Status", ""))
                return Attempt(started, monotonic() - started, response.status, str(answer.get("code", ""))), answer
        except TimeoutError:
            reason = "timeout"
        except (aiohttp.ClientError, OSError, msgspec.DecodeError) as error:
            reason = type(error).__name__
        return Attempt(started, monotonic() - started, None, reason), {}

    def _note(self, call: Call) -> None:
        try:
            self.history.add(call)
        except HistoryFull:
            self.full = True


def _backoff(attempts: int, patience: Patience) -> float:
    """Doubling, with jitter so that those who failed together do not come back together."""
    longest = min(patience.first_backoff_seconds * 2 ** min(attempts - 1, 10), patience.longest_backoff_seconds)
    return random.uniform(longest / 2, longest)
