"""The bus of a running shop, as its operator sees it."""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import nats
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from markethall.local.shop import LocalShop
from tests.support.shop import Shop


@asynccontextmanager
async def operator(shop: Shop) -> AsyncIterator[Client]:
    client = await nats.connect(LocalShop(shop.data).bus_url().split(","), connect_timeout=5, ping_interval=1)
    try:
        yield client
    finally:
        await client.close()


async def leader(client: Client, stream: str) -> str:
    """The replica (`2`) that leads a stream."""
    cluster = (await client.jetstream(timeout=5).stream_info(stream)).cluster
    assert cluster is not None
    assert cluster.leader is not None
    return cluster.leader.rpartition("-")[2]


async def copies_current(client: Client, stream: str, copies: int = 3) -> bool:
    """Whether that many servers have all of it."""
    try:
        cluster = (await client.jetstream(timeout=5).stream_info(stream)).cluster
    except (nats.errors.Error, NotFoundError):
        return False
    if cluster is None or cluster.leader is None:
        return False
    return 1 + sum(bool(copy.current) and not copy.offline for copy in cluster.replicas or []) == copies


def pids(shop: Shop) -> dict[str, int]:
    return {entry["replica"]: entry["pid"] for entry in shop.processes("nats")}


@contextmanager
def frozen(victims: list[int]) -> Iterator[None]:
    for pid in victims:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in victims:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
