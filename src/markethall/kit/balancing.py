"""Sending a request to one of the live replicas of a service, and to another if that one fails."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

import aiohttp
import structlog
from multidict import CIMultiDictProxy
from yarl import URL

from markethall.contracts.messages import Replica
from markethall.kit import telemetry
from markethall.kit.errors import Unavailable
from markethall.kit.figures import FIGURES
from markethall.kit.registry import Directory
from markethall.kit.suspicion import Suspicion

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 1.0
LOOK_SECONDS = 0.7
"""For the answer of a replica that is asked whether it lives."""
FIRST_ANSWER_SECONDS = 3.0
"""For the head of a stream."""
RETRY_STATUSES = frozenset({502, 503, 504})
BACKOFF_SECONDS = (0.02, 0.05, 0.1, 0.2, 0.3)


class ServiceUnavailable(Unavailable):
    """No live replica answered within the deadline."""

    code = "service_unavailable"


@dataclass(frozen=True)
class Answer:
    """A whole answer: status, headers as they came, body."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes


class Balancer:
    """Sends to the less loaded of two random live replicas of a service.

    A refused connection leaves the replica out at once, and the request goes elsewhere,
    whatever it is, for nothing was sent. Other failures (broken connection, 502 to 504, no
    answer within `attempt_seconds`) are tried elsewhere only if the request is `repeatable`.

    A replica that has fallen silent (suspended, or cut off) costs a request `PATIENCE_SECONDS` and
    `LOOK_SECONDS` before it is taken elsewhere, or refused if it is not repeatable; from then on the
    replica is chosen last, until it answers a look.
    """

    def __init__(self, directory: Directory, upstreams: str = "") -> None:
        self._directory = directory
        self._fixed = _parse_upstreams(upstreams)
        self._in_flight: Counter[str] = Counter()
        self._session: aiohttp.ClientSession | None = None
        self._suspicion = Suspicion(self._look, lambda replica: replica in self.replicas(replica.service))

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, limit_per_host=256, keepalive_timeout=30, ttl_dns_cache=5),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._suspicion.close()
        if self._session is not None:
            await self._session.close()

    def replicas(self, service: str) -> list[Replica]:
        return self._fixed.get(service) or self._directory.live(service)

    async def request(
        self,
        service: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        repeatable: bool,
        deadline_seconds: float = 3.0,
        attempt_seconds: float = 2.0,
    ) -> Answer:
        """`path` is sent as it is, already encoded, with its query.

        Raises:
            ServiceUnavailable: no replica answered in time. If the request is not `repeatable`,
                it may have been carried out.
        """
        deadline = time.monotonic() + deadline_seconds
        failed: set[str] = set()
        attempt = 0
        last: Answer | None = None
        while (left := deadline - time.monotonic()) > 0:
            replica = self._pick(service, failed)
            if replica is not None:
                try:
                    last = await self._send(
                        replica,
                        method,
                        path,
                        headers,
                        body,
                        min(left, attempt_seconds if repeatable else left),
                    )
                    if last.status not in RETRY_STATUSES or not repeatable:
                        return last
                except aiohttp.ClientConnectorError:
                    self._directory.forget(replica)
                except aiohttp.ConnectionTimeoutError:
                    self._suspicion.doubt(replica)  # nothing was sent
                except (aiohttp.ClientError, TimeoutError, OSError) as error:
                    log.warning("upstream failed", upstream=replica.id, to=service, reason=repr(error))
                    if isinstance(error, TimeoutError):
                        self._suspicion.doubt(replica)
                    if not repeatable:
                        raise ServiceUnavailable(
                            f"The {service} service broke off; whether it acted is not known."
                        ) from error
                failed.add(replica.id)
            if replica is None:
                failed.clear()
                delay = BACKOFF_SECONDS[min(attempt, len(BACKOFF_SECONDS) - 1)]
                attempt += 1
                await asyncio.sleep(min(delay, max(deadline - time.monotonic(), 0)))
        if last is not None:
            return last
        raise ServiceUnavailable(f"The {service} service does not answer just now.")

    @asynccontextmanager
    async def stream(
        self, service: str, path: str, *, headers: Mapping[str, str], idle_seconds: float
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """A GET whose body is read as it comes; `idle_seconds` without a byte ends it.

        Raises:
            ServiceUnavailable: no replica could be reached.
        """
        assert self._session is not None
        failed: set[str] = set()
        while (replica := self._pick(service, failed)) is not None:
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=idle_seconds)
            try:
                async with asyncio.timeout(FIRST_ANSWER_SECONDS) as limit:
                    with self._suspicion.waiting(replica, partial(_end_now, limit)):
                        response = await self._session.get(
                            URL(replica.address + path, encoded=True),
                            headers=self._with_context(headers),
                            timeout=timeout,
                        )
            except (aiohttp.ClientError, TimeoutError, OSError):
                failed.add(replica.id)
                continue
            self._in_flight[replica.address] += 1
            try:
                with self._suspicion.waiting(replica, response.close):
                    yield response
            finally:
                self._in_flight[replica.address] -= 1
                response.close()
            return
        raise ServiceUnavailable(f"The {service} service does not answer just now.")

    def _pick(self, service: str, failed: set[str]) -> Replica | None:
        live = [replica for replica in self.replicas(service) if replica.id not in failed]
        live = [replica for replica in live if not self._suspicion.of(replica)] or live
        if not live:
            return None
        if len(live) == 1:
            return live[0]
        one, other = random.sample(live, 2)
        return one if self._in_flight[one.address] <= self._in_flight[other.address] else other

    async def _send(
        self,
        replica: Replica,
        method: str,
        path: str,
        headers: Mapping[str, str] | None,
        body: bytes | None,
        timeout_seconds: float,
    ) -> Answer:
        assert self._session is not None, "the balancer is not open"
        FIGURES.carried(replica.service)
        self._in_flight[replica.address] += 1
        try:
            async with asyncio.timeout(timeout_seconds) as limit:
                with self._suspicion.waiting(replica, partial(_end_now, limit)):
                    async with self._session.request(
                        method,
                        URL(replica.address + path, encoded=True),
                        headers=self._with_context(headers),
                        data=body,
                        allow_redirects=False,
                    ) as response:
                        return Answer(response.status, response.headers, await response.read())
        finally:
            self._in_flight[replica.address] -= 1
            if not self._in_flight[replica.address]:
                del self._in_flight[replica.address]

    async def _look(self, replica: Replica) -> bool:
        """Whether it says that it lives; one that refuses connections says so too, and is dealt with elsewhere."""
        assert self._session is not None
        try:
            async with asyncio.timeout(LOOK_SECONDS), self._session.get(f"{replica.address}/health/live") as answer:
                return answer.status < 500
        except aiohttp.ClientConnectorError:
            return True
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    @staticmethod
    def _with_context(headers: Mapping[str, str] | None) -> dict[str, str]:
        sent = dict(headers or {})
        if request_id := telemetry.request_id.get():
            sent.setdefault("X-Request-ID", request_id)
        if parent := telemetry.traceparent():
            sent["traceparent"] = parent
        return sent


def _end_now(limit: asyncio.Timeout) -> None:
    limit.reschedule(asyncio.get_running_loop().time())


def _parse_upstreams(setting: str) -> dict[str, list[Replica]]:
    """`catalog=http://a:1,http://b:2 orders=http://c:3`."""
    fixed: dict[str, list[Replica]] = {}
    for pair in setting.split():
        service, _, addresses = pair.partition("=")
        fixed[service] = [
            Replica(service=service, id=address, address=address.rstrip("/"), version="", since="")
            for address in addresses.split(",")
            if address
        ]
    return fixed
