"""The shop's public address: one listening socket, lent to whoever serves buyers just now."""

import errno
import socket

from markethall.local.errors import LocalError, PortTaken
from markethall.local.ports import reachable

BACKLOG = 2048


class Door:
    """Opened once and held to the end, so that no connection is refused while front and edge take turns.

    Whoever connects while nobody serves waits in the kernel's queue for the next one who does.
    """

    def __init__(self, host: str, port: int) -> None:
        """Port 0: any free one. Raises PortTaken, or LocalError for an address that is not this machine's."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortTaken(
                    f"port {port} of {host} is taken: stop what listens there, or choose another with --port"
                ) from None
            raise LocalError(f"cannot listen on port {port} of {host}: {error.strerror}") from None
        self.port: int = self._socket.getsockname()[1]
        self.url = reachable(host, self.port)

    @property
    def number(self) -> int:
        """The socket's, here and in every process that it is lent to."""
        return self._socket.fileno()

    def close(self) -> None:
        """Connections are refused once those who serve have ended, too."""
        self._socket.close()
