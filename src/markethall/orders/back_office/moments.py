"""From a moment to the number that orders had then, without an index on moments.

Numbers rise with time but for those that were being placed at once, so the first number of a moment is found by
halving, in some thirty look-ups. The margin makes good for neighbours out of order: a checkout gives up after 8 s.
"""

from datetime import datetime, timedelta

from markethall.orders.back_office.repository import first_from, last_number
from markethall.orders.connection import Connection

MARGIN = timedelta(seconds=60)


async def number_before(connection: Connection, moment: datetime) -> int:
    """No order with a lower number was placed at that moment or later."""
    return await _first_placed_from(connection, moment - MARGIN)


async def number_after(connection: Connection, moment: datetime) -> int:
    """No order with this number or a higher one was placed before that moment."""
    return await _first_placed_from(connection, moment + MARGIN)


async def _first_placed_from(connection: Connection, moment: datetime) -> int:
    low, high = 1, await last_number(connection) + 1
    while low < high:
        middle = (low + high) // 2
        found = await first_from(connection, middle)
        if found is None or found[1] >= moment:
            high = middle
        else:
            low = found[0] + 1
    return low
