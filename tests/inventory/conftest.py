from collections.abc import AsyncIterator

import pytest

from markethall.local.nats import EmbeddedNats
from tests.inventory.hall import Hall, open_hall
from tests.inventory.warehouse import Warehouse, open_warehouse
from tests.support.machine import Machine


@pytest.fixture(scope="module")
async def warehouse(machine: Machine) -> AsyncIterator[Warehouse]:
    async with open_warehouse(machine) as warehouse:
        yield warehouse


@pytest.fixture(scope="module")
async def hall(machine: Machine, nats: EmbeddedNats) -> AsyncIterator[Hall]:
    async with open_hall(machine, nats) as hall:
        yield hall
