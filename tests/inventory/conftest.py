from collections.abc import AsyncIterator

import pytest

from tests.inventory.warehouse import Warehouse, open_warehouse
from tests.support.machine import Machine


@pytest.fixture(scope="module")
async def warehouse(machine: Machine) -> AsyncIterator[Warehouse]:
    async with open_warehouse(machine) as warehouse:
        yield warehouse
