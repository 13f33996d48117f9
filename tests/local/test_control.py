"""Commands to a running shop, over the socket in its folder."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from markethall.local.control import ask, listening
from markethall.local.errors import LocalError, NotRunning
from markethall.local.folder import DataFolder


async def double(number: int) -> dict[str, int]:
    return {"double": number * 2}


async def refuse() -> None:
    raise LocalError("not today")


async def never() -> Any:
    await asyncio.Event().wait()


HANDLERS = {"double": double, "refuse": refuse, "never": never}


async def test_a_command_is_answered_by_its_handler(folder: DataFolder) -> None:
    async with listening(folder, HANDLERS):
        assert await ask(folder, "double", number=21) == {"double": 42}


async def test_a_refusal_arrives_in_its_own_words(folder: DataFolder) -> None:
    async with listening(folder, HANDLERS):
        with pytest.raises(LocalError, match="not today"):
            await ask(folder, "refuse")


async def test_unknown_commands_and_arguments_are_refused_and_the_next_is_answered(folder: DataFolder) -> None:
    async with listening(folder, HANDLERS):
        with pytest.raises(LocalError, match="no command 'dance'"):
            await ask(folder, "dance")
        with pytest.raises(LocalError, match="unexpected keyword"):
            await ask(folder, "double", figure=1)
        assert await ask(folder, "double", number=1) == {"double": 2}


async def test_an_answer_that_does_not_come_is_given_up(folder: DataFolder) -> None:
    async with listening(folder, HANDLERS):
        with pytest.raises(LocalError, match="did not answer"):
            await ask(folder, "never", timeout_seconds=0.1)


async def test_without_a_shop_there_is_nobody_to_ask(folder: DataFolder) -> None:
    with pytest.raises(NotRunning):
        await ask(folder, "double", number=1)
    async with listening(folder, HANDLERS):
        pass
    with pytest.raises(NotRunning):
        await ask(folder, "double", number=1)
    assert not (folder.path / "control").exists()


async def test_a_folder_with_a_long_name_is_no_obstacle(tmp_path: Path) -> None:
    long = DataFolder(tmp_path / ("long" * 40))
    with long.hold():
        async with listening(long, HANDLERS):
            assert await ask(long, "double", number=2) == {"double": 4}
