"""A service as a process: its HTTP application, its resources in order, its life from start to drain."""

import asyncio
import errno
import importlib
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from types import FrameType
from typing import Any

import asyncpg
import structlog
import uvicorn
from litestar import Litestar, MediaType, Request, Response, get
from litestar.datastructures import MutableScopeHeaders, State
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.routes import HTTPRoute
from litestar.types import ControllerRouterHandler, Message, Scope

from markethall import __version__
from markethall.contracts.messages import Replica
from markethall.kit import telemetry, tracing
from markethall.kit.accepting import Acceptor
from markethall.kit.addresses import address_towards, url_of
from markethall.kit.asgi import ASGIApp, AtOnce, Bodies, HeadAsGet, Refuse, Surroundings
from markethall.kit.bus import Bus
from markethall.kit.crash_points import UnknownCrashPoint, arm
from markethall.kit.db import Database
from markethall.kit.errors import Unavailable
from markethall.kit.figures import figures_route
from markethall.kit.http_protocol import LimitedProtocol
from markethall.kit.identity import Identity, KeyRing
from markethall.kit.lifespan import Lifespan
from markethall.kit.open_files import allow_as_many_as_possible
from markethall.kit.problems import answer, with_head
from markethall.kit.registry import Registration
from markethall.kit.room import Room, most_of
from markethall.kit.settings import Settings, WrongSetting, variable
from markethall.kit.siblings import Siblings, joined
from markethall.kit.status import status_route
from markethall.kit.strict_request import StrictRequest
from markethall.kit.unix_sockets import bind, has_waiting

log = structlog.get_logger(__name__)

LINGER_SECONDS = 1.5
"""Longer than the registry, or the edge's look at its fronts, takes to turn everybody away."""
PROXY_LINGER_SECONDS = 4.0
"""For the proxy to let go of its connections after that: longer than it keeps an idle one."""
LOOK_SECONDS = 0.05
BACKLOG = 2048
"""Connections that wait to be taken, at most."""
OWN_FILES = 256
"""That a replica may have open besides the connections of those who ask it."""
TICKS_PER_LOOK = 5
"""Of the server's, ten a second: how often connections are looked at that are idle, or late."""

STARTS_LATER = (OSError, asyncpg.PostgresError, Unavailable)
"""What keeps a service from starting through no fault in it."""

Check = Callable[[], Awaitable[str]]


class Service:
    """One replica of one service.

    Args:
        resources: what it stands on, entered in this order and left in reverse.
        required: health checks that must hold for it to be ready.
        observed: health checks that are shown, and do not decide.
        hot: (method, path) → plain ASGI handlers in front of the framework.
        around: wraps the whole application, outermost last (front's own middleware).
        draining: set when the replica begins to drain; what waits or streams ends then.
        at_once: answers without a task; see `Surroundings`.
        refuse_first: by method and target: turns requests away, with 503, before they are looked at.
        uploads: paths whose bodies are no JSON, but files of at most so many bytes.
    """

    def __init__(
        self,
        settings: Settings,
        name: str,
        *,
        bus: Bus,
        route_handlers: Sequence[ControllerRouterHandler],
        resources: Sequence[AbstractAsyncContextManager[Any]],
        required: Mapping[str, Check],
        observed: Mapping[str, Check] | None = None,
        dependencies: Mapping[str, Any] | None = None,
        keys: KeyRing | None = None,
        hot: dict[tuple[str, str], ASGIApp] | None = None,
        around: Sequence[Callable[[ASGIApp], ASGIApp]] = (),
        serves_openapi: bool = True,
        draining: asyncio.Event | None = None,
        uploads: Mapping[str, int] | None = None,
        at_once: AtOnce | None = None,
        refuse_first: Mapping[bytes, Refuse] | None = None,
    ) -> None:
        self.settings = settings
        self.name = name
        self.draining = draining or asyncio.Event()
        self._bus = bus
        self._resources = resources
        self._required = dict(required)
        self._observed = dict(observed or {})
        self._registration: Registration | None = None
        provided = {key: Provide(_constant(value), use_cache=True) for key, value in (dependencies or {}).items()}
        if keys is not None:
            provided["identity"] = Provide(_identity_of(keys), sync_to_thread=False)
        litestar = Litestar(
            route_handlers=[ping, metrics, *self._health_routes(), *self._status_routes(), *route_handlers],
            dependencies=provided,
            exception_handlers={Exception: answer},
            request_class=StrictRequest,
            before_send=[_name_all_methods],
            state=State({"keys": keys}),
            lifespan=[self._lifespan],
            openapi_config=openapi_config(name) if serves_openapi else None,
            request_max_body_size=None,
            logging_config=None,
        )
        app: ASGIApp = HeadAsGet(litestar)  # type: ignore[arg-type]
        app = Bodies(app, settings.max_body_bytes, settings.body_timeout_seconds, uploads)
        for wrap in around:
            app = wrap(app)
        self.litestar = litestar
        self.asgi: ASGIApp = Surroundings(app, hot, at_once, refuse_first)

    @asynccontextmanager
    async def _lifespan(self, _app: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self._bus)
                for resource in self._resources:
                    await stack.enter_async_context(resource)
                await stack.enter_async_context(Siblings(self._bus, self.settings))
                self._registration = await stack.enter_async_context(Registration(self._bus, self.replica()))
            except Exception as error:
                expected = isinstance(error, STARTS_LATER)
                log.error("cannot start", reason=str(error) or type(error).__name__, exc_info=not expected)
                raise
            log.info("started", port=self.settings.port)
            yield
            log.info("stopping")

    def replica(self) -> Replica:
        return Replica(
            service=self.name,
            id=self.settings.replica,
            address=self.settings.advertise or url_of(self.settings),
            version=__version__,
            since=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        )

    async def leave(self) -> None:
        """First step of a drain: out of the registry, so that nobody sends here any more."""
        self.draining.set()
        if self._registration is not None:
            await self._registration.leave()

    async def health(self) -> tuple[bool, dict[str, Any]]:
        states: dict[str, str] = {}
        names = [*self._required, *self._observed]
        checks = [*self._required.values(), *self._observed.values()]
        results = await asyncio.gather(*(_bounded(check) for check in checks))
        states = dict(zip(names, results, strict=True))
        ready = not self.draining.is_set() and all(not states[n].startswith("down") for n in self._required)
        return ready, {
            "status": "ready" if ready else "not ready",
            "service": self.name,
            "replica": self.settings.replica,
            "version": __version__,
            "dependencies": states,
        }

    def _status_routes(self) -> list[ControllerRouterHandler]:
        databases = [resource for resource in self._resources if isinstance(resource, Database)]
        figures = figures_route(self.name, self.settings.replica, self.health)
        return [figures, *(status_route(self.name, self.settings.replica, database) for database in databases[:1])]

    def _health_routes(self) -> list[ControllerRouterHandler]:
        @get("/health/live", summary="Whether the process works", tags=["system"])
        async def live() -> dict[str, str]:
            return {"status": "live", "service": self.name, "replica": self.settings.replica}

        @get("/health/ready", summary="Whether it can serve: each dependency and its state", tags=["system"])
        async def ready() -> Response[dict[str, Any]]:
            is_ready, document = await self.health()
            return Response(document, status_code=200 if is_ready else 503)

        return [live, ready]


@get("/ping", media_type=MediaType.TEXT, summary="pong", tags=["system"])
async def ping() -> str:
    """`pong`, from whoever is there."""
    return "pong"


@get("/metrics", media_type="text/plain; version=0.0.4", summary="Prometheus metrics", tags=["system"])
async def metrics() -> bytes:
    """Prometheus text format."""
    from prometheus_client import generate_latest

    return generate_latest()


def openapi_config(name: str) -> OpenAPIConfig:
    return OpenAPIConfig(
        title=f"Markethall: {name}",
        version=__version__,
        path="/openapi.json",
        render_plugins=[JsonRenderPlugin(path="/")],
        use_handler_docstrings=True,
    )


def serve(name: str, settings: Settings) -> None:
    """Run one replica until SIGTERM or SIGINT, then drain: leave the registry, finish, end.

    Raises:
        WrongSetting: it cannot listen where it is told to, or nobody tells it of its database.
    """
    import gc

    telemetry.configure_logging(name, settings.replica, settings.log_level)
    try:
        arm(settings.crash_points)
    except UnknownCrashPoint as error:
        sys.exit(f"markethall: {error}")
    # Before anything of the service is there: it ends at once when it is told to while it waits.
    try:
        settings = asyncio.run(joined(settings, name))
    except KeyboardInterrupt:
        sys.exit(130)
    listener = _listen_as_told(settings)
    settings = settings.model_copy(update={"service": name, "port": listener.getsockname()[1]})
    service: Service = importlib.import_module(f"markethall.{name}.app").create(settings)
    # What start-up made stays: the collector need not walk it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    provider = tracing.configure(name, settings)
    sockets = [listener]
    if settings.public_socket is not None:
        sockets.append(socket.socket(fileno=settings.public_socket))
    DrainingServer(service).run(sockets=sockets)
    if provider is not None:
        provider.shutdown()


def _listen_as_told(settings: Settings) -> socket.socket:
    host = settings.host or address_towards(settings.bus_url)
    try:
        return listen(host, settings.port)
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise WrongSetting(
                f"{variable('port')} should be a port that is free for us, or 0 for any "
                f"({host}, port {settings.port}: {reason})"
            ) from None
        raise WrongSetting(f"{variable('host')} should be an address of this machine ({host}: {reason})") from None


def _most_connections(settings: Settings) -> int:
    """As many as it should have, if the system allows so many files beside those of its own."""
    room = most_of(allow_as_many_as_possible() - OWN_FILES)
    if room < settings.connections:
        log.warning("fewer connections than wanted", connections=room, wanted=settings.connections)
    return min(room, settings.connections)


def listen(host: str, port: int) -> socket.socket:
    """
    Raises:
        OSError: the port is taken, or the host is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), backlog=BACKLOG, family=family)


class DrainingServer(uvicorn.Server):
    """Leaves the registry before it stops listening, so that nobody is sent to a closed door.

    Who has a connection open may be sending on it at this very moment, and a connection closed under a
    request looks like a failure. So for up to `LINGER_SECONDS` whatever still comes is answered, and each
    answer says that it is the last on its connection.

    The proxy's socket is there while it is served: nobody can connect before or after, and so whoever
    connects is served. Its connections are the proxy's to close, who knows which of them it is about to use.
    """

    def __init__(self, service: Service) -> None:
        super().__init__(
            uvicorn.Config(
                service.asgi,
                loop="uvloop",
                http=partial(LimitedProtocol, room=Room(_most_connections(service.settings))),  # type: ignore[arg-type]
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=max(1, int(service.settings.drain_seconds)),
            )
        )
        self.config.load()
        self.config.lifespan_class = Lifespan
        self._service = service
        self._proxy: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        if self.should_exit:
            return
        path = self._service.settings.proxy_socket
        if path is not None:
            self._proxy = bind(path)
            sockets = [*(sockets or []), self._proxy]
        try:
            await super().startup([])
        except SystemExit:
            if path is not None and self._proxy is not None:
                path.unlink(missing_ok=True)
                self._proxy.close()
            # Who was told to end before it had begun ends as one that had.
            if not self.should_exit:
                raise
            return
        for listener in sockets or []:
            listener.listen(BACKLOG)
            self.servers.append(Acceptor(listener, self._protocol))  # type: ignore[arg-type]

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS_PER_LOOK == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, LimitedProtocol):
                    connection.look(now)
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.lifespan.give_up)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._service.leave()
        # Other processes listen on a public socket, or will: who connects now finds one of them.
        for server, public in list(zip(self.servers, sockets or [], strict=False))[1:]:
            server.close()
            public.close()
        state = self.server_state
        state.default_headers = [*state.default_headers, (b"connection", b"close")]
        drain_seconds = self._service.settings.drain_seconds
        loop = asyncio.get_running_loop()
        end = loop.time() + drain_seconds
        if self._proxy is None:
            await self._until_nobody_is_connected(min(LINGER_SECONDS, drain_seconds))
        else:
            # Until the proxy has seen that this replica is not ready: then it does not look for it in vain.
            await asyncio.sleep(min(LINGER_SECONDS, drain_seconds))
            assert self._service.settings.proxy_socket is not None
            self._service.settings.proxy_socket.unlink(missing_ok=True)
            await self._until_nobody_is_connected(min(PROXY_LINGER_SECONDS, end - loop.time()))
        for server in self.servers:
            server.close()
            await server.wait_closed()  # who was taken last is connected then, and can be told
        self.config.timeout_graceful_shutdown = max(1, int(end - loop.time()))
        await super().shutdown(sockets)
        if self._proxy is not None:
            self._proxy.close()

    async def _until_nobody_is_connected(self, seconds: float) -> None:
        for _ in range(int(seconds / LOOK_SECONDS)):
            # First a turn of the loop: who was accepted just now is counted then.
            await asyncio.sleep(LOOK_SECONDS)
            is_opening = any(isinstance(server, Acceptor) and server.is_opening for server in self.servers)
            if not self.server_state.connections and not is_opening and not (self._proxy and has_waiting(self._proxy)):
                break


async def _name_all_methods(message: Message, scope: Scope) -> None:
    """Answers to OPTIONS: the framework names the methods of a path's first handler only."""
    if scope["type"] == ScopeType.HTTP and scope["method"] == "OPTIONS" and message["type"] == "http.response.start":
        for route in scope["litestar_app"].routes:
            if isinstance(route, HTTPRoute) and route.path_format == scope.get("path_template"):
                MutableScopeHeaders(message)["Allow"] = ", ".join(sorted(with_head(route.methods)))


def _constant(value: Any) -> Callable[[], Awaitable[Any]]:
    async def provide() -> Any:
        return value

    return provide


def _identity_of(keys: KeyRing) -> Callable[[Request[Any, Any, Any]], Identity | None]:
    def provide(request: Request[Any, Any, Any]) -> Identity | None:
        return keys.identify(request.headers.get("authorization"))

    return provide


async def _bounded(check: Check) -> str:
    try:
        async with asyncio.timeout(2.5):
            return await check()
    except Exception as error:
        return f"down: {str(error) or type(error).__name__}"
