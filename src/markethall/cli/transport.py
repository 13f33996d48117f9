"""HTTP to a shop: bounded in time, and tried again where a repeat can do no harm."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
import msgspec
from yarl import URL

from markethall.listings.calls import ApiError, NotUnderstood, Refused, Unreachable

Document = TypeVar("Document")

ATTEMPTS = 12
PATIENCE_SECONDS = 60.0
"""For one call: once so long has passed, it is not tried again."""
ANSWER_SECONDS = 20.0
"""For one attempt, where the caller asks for nothing else."""
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0
_NOT_JUST_NOW = frozenset({502, 503, 504})
_TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def read(self, kind: type[Document]) -> Document:
        try:
            return msgspec.json.decode(self.body, type=kind)
        except msgspec.DecodeError as error:
            raise NotUnderstood(f"the answer is not what a shop says: {error}") from error


class Transport:
    """One shop's address. At most `connections` calls are under way; more wait their turn."""

    def __init__(self, base_url: str, connections: int = 32, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self.base_url = base_url.rstrip("/")
        self.patience_seconds = patience_seconds
        self.token: str | None = None
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=20),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=True,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> Answer:
        """The answer below 400; Refused for any other.

        With `repeatable`, a lost connection and 502 to 504 are tried again. Without, only what
        cannot have had an effect is: a refused connection, and 429.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.patience_seconds
        for attempt in range(1, ATTEMPTS + 1):
            pause = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
            pause *= random.uniform(0.75, 1.25)
            try:
                answer = await self._once(method, path, json, params, headers, answer_seconds)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                harmless = repeatable or isinstance(error, aiohttp.ClientConnectorError)
                failure: ApiError = Unreachable(f"{self.base_url} did not answer: {_said(error)}")
                failure.__cause__ = error
            else:
                if answer.status < 400:
                    return answer
                failure = refusal(answer.status, answer.body)
                harmless = answer.status == _TOO_MANY or (repeatable and answer.status in _NOT_JUST_NOW)
                pause = max(pause, _retry_after(answer.headers))
            if not harmless or attempt == ATTEMPTS or loop.time() + pause > deadline:
                raise failure
            await asyncio.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def open(self, path: str, headers: Mapping[str, str], silence_seconds: float) -> Any:
        """A context manager around one unread answer; for streams."""
        return self._open_session().get(
            self._url(path),
            headers={**self._identity(), **headers},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=silence_seconds),
        )

    async def _once(
        self,
        method: str,
        path: str,
        json: Any,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        answer_seconds: float,
    ) -> Answer:
        sent = {"Accept": "application/json", **self._identity(), **(headers or {})}
        data: bytes | None = None
        if json is not None:
            data = msgspec.json.encode(json)
            sent["Content-Type"] = "application/json"
        async with self._open_session().request(
            method,
            self._url(path),
            data=data,
            params=params,
            headers=sent,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=answer_seconds, sock_connect=10),
        ) as response:
            return Answer(response.status, response.headers, await response.read())

    def _url(self, path: str) -> URL:
        """As it is: what has been quoted must not be quoted otherwise."""
        return URL(self.base_url + path, encoded=True)

    def _identity(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("use `async with`")
        return self._session


def refusal(status: int, body: bytes) -> ApiError:
    """What an answer of 400 and above means."""
    try:
        document = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        document = {"detail": f"HTTP {status}, without a problem document"}
    return Refused(status, document)


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds; the shop never sends the other form, a date."""
    said = headers.get("Retry-After", "")
    return float(said) if said.isascii() and said.isdigit() else 0.0


def _said(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) or type(error).__name__
