"""The shop that is measured: one of our own that is gone afterwards, one in a folder, or any at an address."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from markethall.bench.errors import CannotMeasure
from markethall.local.credentials import DATABASES, Admin
from markethall.local.hall import Options, open_shop
from markethall.local.shop import LocalShop

CALL_SECONDS = 30.0


@dataclass(frozen=True)
class Wanted:
    """Which shop. Without `data` and `url`, one of our own with these replicas and servers of the bus."""

    data: Path | None = None
    url: str | None = None
    admin: Admin | None = None
    replicas: Mapping[str, int] = field(default_factory=dict)
    bus_nodes: int = 1
    read_replicas: int = 0
    synchronous: bool = False

    @property
    def is_own(self) -> bool:
        return self.data is None and self.url is None

    @property
    def is_audited(self) -> bool:
        """Whether more is known of it than what it answers."""
        return self.is_own or self.data is not None


@dataclass(frozen=True)
class Peer:
    """`dsn` is that of its own database, if it has one."""

    address: str
    dsn: str = ""


@dataclass(frozen=True)
class Subject:
    """`shop` is None where only the address is known: then nothing is audited, and nobody's CPU counted.

    `beside`: processes that do not belong to the shop and are measured, too, by name. `stack` ends what workloads
    start, before the shop. `peers`: those that serve, by name, for all workloads that compare with them.
    """

    address: str
    admin: Admin
    shop: LocalShop | None
    session: aiohttp.ClientSession
    stack: contextlib.AsyncExitStack
    beside: dict[str, int] = field(default_factory=dict)
    peers: dict[str, Peer] = field(default_factory=dict)

    def dsns(self) -> dict[str, str]:
        """By database. Raises NotRunning."""
        return {name: self.shop.dsn(name) for name in DATABASES} if self.shop else {}

    async def call(
        self, method: str, path: str, body: object = None, token: str | None = None, **headers: str
    ) -> dict[str, Any]:
        """What a successful answer says. Raises CannotMeasure."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            given["Authorization"] = f"Bearer {token}"
        try:
            async with self.session.request(method, self.address + path, json=body, headers=given) as answer:
                if answer.status >= 300:
                    said = (await answer.text())[:300]
                    raise CannotMeasure(f"{method} {path} was answered {answer.status}: {said}")
                found: dict[str, Any] = await answer.json()
                return found
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise CannotMeasure(f"{method} {self.address}{path} fails: {error or type(error).__name__}") from error

    async def admin_token(self) -> str:
        """A new one, good for minutes. Raises CannotMeasure."""
        return await self.sign_in(self.admin.email, self.admin.password)

    async def sign_in(self, email: str, password: str) -> str:
        answer = await self.call("POST", "/api/sessions", {"email": email, "password": password})
        return str(answer["access_token"])


@contextlib.asynccontextmanager
async def opened(wanted: Wanted, settings: Mapping[str, str]) -> AsyncIterator[Subject]:
    """`settings` (without MARKETHALL_) are for the services of a shop of our own; no other can be given any.

    Raises LocalError, CannotMeasure.
    """
    async with contextlib.AsyncExitStack() as stack:
        timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        if not wanted.is_own:
            if settings:
                raise CannotMeasure(f"this needs a shop of its own, started with {dict(settings)}")
            shop, address, admin = _found(wanted)
            later = await stack.enter_async_context(contextlib.AsyncExitStack())
            yield Subject(address, admin, shop, session, later)
            return
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="markethall-bench-"))
        options = Options(
            Path(folder) / "data",
            port=0,
            replicas=wanted.replicas,
            bus_nodes=wanted.bus_nodes,
            read_replicas=wanted.read_replicas,
            synchronous=wanted.synchronous,
            mqtt_port=0,
            settings=settings,
        )
        opened = await stack.enter_async_context(open_shop(options, lambda row: None, asyncio.Event()))
        later = await stack.enter_async_context(contextlib.AsyncExitStack())
        yield Subject(opened.address, opened.admin, LocalShop(opened.folder.path), session, later)


def _found(wanted: Wanted) -> tuple[LocalShop | None, str, Admin]:
    shop = LocalShop(wanted.data) if wanted.data else None
    admin = wanted.admin or (shop.admin if shop else None)
    if admin is None:
        raise CannotMeasure("an admin is needed who stocks the goods: --email and --password, or --data")
    address = wanted.url or (shop.address if shop else "")
    return shop, address.rstrip("/"), admin
