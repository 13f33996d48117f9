"""What an upload does to its worker is no harm to catalog."""

import asyncio
import os
import signal

import psutil
import pytest
from PIL import Image

from markethall.catalog.media import workshop
from markethall.catalog.media.errors import ImageTooCostly, UploadsBusy
from markethall.catalog.media.workshop import AT_ONCE, WAITING, Workshop
from tests.catalog.media import files
from tests.support.machine import eventually

LARGE = files.encoded(Image.effect_noise((5000, 5000), 99).convert("RGB"), "PNG", compress_level=1)


def workers() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        try:
            if "markethall.catalog.media.worker" in child.cmdline():
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
async def test_a_decoder_that_crashes_costs_one_upload(number: signal.Signals) -> None:
    shop = Workshop()
    making = asyncio.create_task(shop.make(LARGE))
    await eventually(lambda: workers())
    os.kill(workers()[0].pid, number)
    with pytest.raises(ImageTooCostly):
        await making
    assert (await shop.make(files.encoded(files.painted(), "PNG"))).width == 800


async def test_one_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "SECONDS", 0.05)
    with pytest.raises(ImageTooCostly):
        await Workshop().make(LARGE)
    assert workers() == []


async def test_an_upload_that_is_given_up_leaves_no_worker() -> None:
    making = asyncio.create_task(Workshop().make(LARGE))
    await eventually(lambda: workers())
    making.cancel()
    await asyncio.wait([making])
    assert workers() == []


async def test_a_worker_knows_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARKETHALL_DATABASE_URL", "postgresql://catalog:secret@db/catalog")
    making = asyncio.create_task(Workshop().make(LARGE))
    await eventually(lambda: workers())
    assert workers()[0].environ() == {}
    await making


async def test_few_work_and_few_wait() -> None:
    shop = Workshop()
    making = [asyncio.create_task(shop.make(LARGE)) for _ in range(AT_ONCE + WAITING)]
    await eventually(lambda: workers())
    with pytest.raises(UploadsBusy):
        await shop.make(LARGE)
    assert len(workers()) <= AT_ONCE
    for task in making:
        task.cancel()
    await asyncio.wait(making)
    assert workers() == []
