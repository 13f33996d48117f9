"""A server as replicas have one: our protocol, on connections that are taken by ourselves."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from markethall.kit.accepting import Acceptor
from markethall.kit.http_protocol import LimitedProtocol
from markethall.kit.room import Room


@asynccontextmanager
async def serving(app: Any, room: Room | None = None, state: ServerState | None = None) -> AsyncIterator[int]:
    """Yields the port."""
    config = uvicorn.Config(app, ws="none", lifespan="off", log_config=None, proxy_headers=False)
    config.load()
    state, room = state or ServerState(), room or Room()
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        acceptor = Acceptor(listener, lambda: LimitedProtocol(config, state, {}, room=room))
        try:
            yield listener.getsockname()[1]
        finally:
            acceptor.close()
            await acceptor.wait_closed()
            for connection in list(state.connections):
                connection.transport.abort()  # type: ignore[union-attr]
