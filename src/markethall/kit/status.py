"""`GET /internal/status`: how much a service still has to say."""

from litestar import get
from litestar.handlers import HTTPRouteHandler

from markethall.contracts.internal import STATUS_PATH, ReplicaStatus
from markethall.kit.db import Database

COUNT = """
SELECT count(*) AS waiting,
       coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS oldest
FROM (SELECT created_at FROM outbox ORDER BY id LIMIT 100000) AS waiting
"""


def status_route(service: str, replica: str, database: Database) -> HTTPRouteHandler:
    """For front's overview of the shop; not public."""

    @get(STATUS_PATH, include_in_schema=False)
    async def status() -> ReplicaStatus:
        async with database.hot() as connection:
            row = await connection.fetchrow(COUNT)
        assert row is not None
        return ReplicaStatus(service, replica, row["waiting"], max(row["oldest"], 0.0))

    return status
