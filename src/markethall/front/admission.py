"""What is looked at before anything is done for a request: how much its sender asks, and the form of it."""

from markethall.front.clients import ClientAddresses
from markethall.front.rate_limits import RateLimits
from markethall.front.routes import METHODS
from markethall.kit.asgi import Scope
from markethall.kit.errors import NotAllowed, Problem
from markethall.kit.http_protocol import PROXY

MAX_HEADERS = 100
MAX_PATH_BYTES = 2048
_CLIENT = "markethall.client"
"""In the scope of a request that was admitted: who sent it."""


class TooManyHeaders(Problem):
    status = 431
    code = "too_many_headers"
    title = "The request has too many headers"


class PathTooLong(Problem):
    status = 414
    code = "path_too_long"
    title = "The address is too long"


class Admission:
    """A request is counted once, however often it is looked at."""

    def __init__(self, clients: ClientAddresses, limits: RateLimits) -> None:
        self._clients = clients
        self._limits = limits

    def __call__(self, scope: Scope) -> str:
        """The address of the client.

        Raises:
            TooManyRequests, NotAllowed, TooManyHeaders, PathTooLong
        """
        known: str | None = scope.get(_CLIENT)
        if known is not None:
            return known
        client = self._clients.of(scope)
        if client != PROXY:  # its looks at our health
            self._limits.admit(client)
        if scope["method"] not in METHODS:
            raise NotAllowed(headers={"Allow": ", ".join(sorted(METHODS))})
        if len(scope["headers"]) > MAX_HEADERS:
            raise TooManyHeaders(f"At most {MAX_HEADERS}.")
        if len(scope["raw_path"]) > MAX_PATH_BYTES:
            raise PathTooLong(f"At most {MAX_PATH_BYTES} bytes before the query.")
        scope[_CLIENT] = client
        return client
