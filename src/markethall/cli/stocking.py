"""Stocking an empty shop with the toy store, as a part of `markethall up`."""

import asyncio
import contextlib
import os
import signal
import sys

import msgspec

from markethall.local import probe
from markethall.local.hall import OpenShop
from markethall.local.logs import JsonLog
from markethall.local.process import Command, start

LOADING_SECONDS = 120.0
ASKING_SECONDS = 15.0


class StockingFailed(Exception):
    """The toy store is not in the shop; says where to read why."""


async def stock_if_empty(shop: OpenShop) -> bool:
    """Loads the toy store where there is no product, or where an earlier loading was interrupted.

    In a process of its own: what it needs in memory goes when it is done. Raises StockingFailed.
    """
    unfinished = shop.folder.path / "demo-unfinished"
    if not unfinished.exists() and not await _is_empty(shop.address):
        return False
    unfinished.touch()
    await _load(shop)
    unfinished.unlink()
    return True


async def _is_empty(address: str) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ASKING_SECONDS):
            while True:
                answer = await probe.get(f"{address}/api/products?limit=1", timeout_seconds=5.0)
                if answer is not None and answer[0] == 200:
                    return not msgspec.json.decode(answer[1]).get("items")
                await asyncio.sleep(0.2)
    raise StockingFailed("the shop does not say whether it has products; the toy store was not loaded")


async def _load(shop: OpenShop) -> None:
    log = JsonLog(shop.folder.logs, "demo", "1")
    command = Command(
        args=[sys.executable, "-m", "markethall", "load", "demo", "--data", str(shop.folder.path)],
        env=os.environ,
    )
    loading = await start(command, log)
    try:
        async with asyncio.timeout(LOADING_SECONDS):
            code = await loading.wait()
    except TimeoutError:
        code = -1
    finally:
        await loading.stop([(signal.SIGTERM, 2.0)])
    if code != 0:
        raise StockingFailed(f"the toy store could not be loaded: {log.last_words()} (see {log.path})")
