"""The client library's connection, mended for peers that fall silent instead of going away.

A server that is frozen, or behind a network that swallows everything, takes a connection and
says nothing. The library notices that its pings are not answered, and then closes the
connection in an orderly way: what was written and not yet sent must go first, which it never does,
so that it would not go on to another server. And each attempt to connect to such a server leaves
a socket behind. Here a connection that is given up is broken off.
"""

from nats.aio.client import Client, Srv
from nats.aio.transport import TcpTransport


class Connection(Client):
    """Goes on to another server at once, the one that was lost being the last to be tried again."""

    async def _attempt_reconnect(self) -> None:
        self._break_off()
        await super()._attempt_reconnect()

    async def _select_next_server(self) -> None:
        self._server_pool.sort(key=lambda server: server is self._current_server)
        await super()._select_next_server()

    async def _connect_to_server(self, s: Srv) -> None:
        self._break_off()
        await super()._connect_to_server(s)

    def _break_off(self) -> None:
        if isinstance(self._transport, TcpTransport) and self._transport._bare_io_writer is not None:
            self._transport._bare_io_writer.transport.abort()
