"""Who has written itself into the registry on the bus: the shop's own replicas, and those from elsewhere."""

import contextlib
from datetime import UTC, datetime
from typing import Any

import msgspec
import nats
from nats.aio.client import Client

from markethall.contracts.messages import Replica
from markethall.contracts.topology import REPLICAS_BUCKET
from markethall.kit.buckets import read_bucket
from markethall.kit.bus import BusUnavailable

CONNECT_SECONDS = 1


async def registered(bus_url: str) -> list[Replica]:
    """Those whose entry has not lapsed. `bus_url`: of the servers, separated by commas, as the operator.

    Raises BusUnavailable; others of NATS, OSError, TimeoutError where no server can be reached.
    """
    client = Client()
    try:
        await client.connect(
            bus_url.split(","),
            allow_reconnect=False,
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            connect_timeout=CONNECT_SECONDS,
            error_cb=_told_by_the_answer,
        )
        entries = await read_bucket(_Asking(client), REPLICAS_BUCKET)
    finally:
        await client.close()
    replicas = []
    for entry in entries:
        # One that nobody can read must not hide the others.
        with contextlib.suppress(msgspec.MsgspecError):
            if entry.value and not entry.deleted:
                replicas.append(msgspec.json.decode(entry.value, type=Replica))
    return replicas


def joined(replica: Replica) -> dict[str, Any]:
    """For `markethall status`; `since` in seconds, as far as the clock it started by is right; null if unreadable."""
    since = None
    with contextlib.suppress(ValueError, TypeError):
        since = max(0.0, round((datetime.now(UTC) - datetime.fromisoformat(replica.since)).total_seconds(), 3))
    return {
        "service": replica.service,
        "replica": replica.id,
        "url": replica.address,
        "version": replica.version,
        "since": since,
    }


class _Asking:
    def __init__(self, client: Client) -> None:
        self._client = client

    async def request(self, subject: str, payload: bytes, timeout_seconds: float = 2.0) -> bytes:
        try:
            return (await self._client.request(subject, payload, timeout=timeout_seconds)).data
        except nats.errors.Error as error:
            raise BusUnavailable(f"No answer on {subject}.") from error


async def _told_by_the_answer(_error: Exception) -> None:
    """Whoever asks hears that there is none."""
