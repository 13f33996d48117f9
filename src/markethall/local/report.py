"""How a whole shop is, put together for `markethall status` and `GET /api/system`."""

import asyncio
import time
from collections.abc import Awaitable
from http import HTTPStatus
from typing import Any

import msgspec

from markethall.contracts.internal import STATUS_PATH
from markethall.contracts.messages import Replica
from markethall.local import probe
from markethall.local.bus_nodes import BusNodes
from markethall.local.credentials import DATABASES
from markethall.local.database_nodes import DatabaseNodes
from markethall.local.registry import joined
from markethall.local.replicas import Replicas
from markethall.local.service import ServiceProcess
from markethall.local.supervisor import Supervisor
from markethall.local.unit import Unit

SECONDS = 4.0
"""For each answer; what does not come in time is null."""


async def report(supervisor: Supervisor, replicas: Replicas, bus: BusNodes, databases: DatabaseNodes) -> dict[str, Any]:
    """`units` (each process, `since` in seconds), `joined` (replicas of services that run elsewhere), `bus`,
    `databases`, `outboxes` by service."""
    services = replicas.services
    bus_report, registered, nodes, ready, outboxes = await asyncio.gather(
        _in_time(bus.describe()),
        _in_time(bus.registered()),
        _in_time(databases.describe()),
        asyncio.gather(*(_readiness(service) for service in services)),
        asyncio.gather(*(_outbox(services, name) for name in DATABASES)),
    )
    said = {service: answer for service, answer in zip(services, ready, strict=True) if answer}
    units = [described(supervisor, unit, said.get(unit)) for unit in supervisor.rows]  # type: ignore[call-overload]
    return {
        "units": units,
        "joined": _joined(registered, services),
        "bus": bus_report,
        "databases": nodes,
        "outboxes": dict(zip(DATABASES, outboxes, strict=True)),
    }


def described(supervisor: Supervisor, unit: Unit, said: dict[str, Any] | None = None) -> dict[str, Any]:
    """One process; `said` is its own answer about its readiness."""
    row = supervisor.rows[unit]
    return {
        "service": row.service,
        "replica": row.replica,
        "state": row.state,
        "health": supervisor.health(unit),
        "ready": said["status"] == "ready" if said else None,
        "pid": row.pid,
        "url": row.url,
        "version": said["version"] if said else None,
        "since": round(time.monotonic() - row.since, 3),
        "restarts": row.restarts,
        "detail": row.detail,
    }


def _joined(registered: list[Replica] | None, services: list[ServiceProcess]) -> list[dict[str, Any]] | None:
    if registered is None:
        return None
    own = {(service.service, service.replica) for service in services}
    return [joined(replica) for replica in sorted(registered, key=_place) if _place(replica) not in own]


def _place(replica: Replica) -> tuple[str, str]:
    return replica.service, replica.id


async def _in_time(answer: Awaitable[Any]) -> Any:
    try:
        return await asyncio.wait_for(answer, SECONDS)
    except Exception:  # whatever is wrong with a part must not hide the others
        return None


async def _readiness(service: ServiceProcess) -> dict[str, Any] | None:
    return await _document(f"{service.inner_url}/health/ready") if service.pid else None


async def _outbox(services: list[ServiceProcess], name: str) -> dict[str, Any] | None:
    """What waits to be said on the bus, by the first of the service's replicas that knows.

    One whose database is away answers too, with a problem.
    """
    for service in services:
        if service.service == name and service.pid:
            answer = await probe.get(f"{service.inner_url}{STATUS_PATH}")
            if answer and answer[0] == HTTPStatus.OK and (said := _decoded(answer[1])):
                return said
    return None


async def _document(url: str) -> dict[str, Any] | None:
    answer = await probe.get(url)
    return _decoded(answer[1]) if answer else None


def _decoded(body: bytes) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError:
        return None
