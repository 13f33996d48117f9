"""Who is at the other end: the address of the client, behind proxies that are trusted or not."""

from functools import lru_cache
from ipaddress import ip_address, ip_network

from markethall.kit.asgi import Scope, header
from markethall.kit.http_protocol import PROXY

UNKNOWN = "unknown"


class ClientAddresses:
    """Reads the client's address; `X-Forwarded-For` is believed from trusted proxies only.

    Args:
        trusted: addresses or networks, separated by commas. Who connects to the proxy's own socket is trusted, too.

    Raises:
        ValueError: one of them is neither.
    """

    def __init__(self, trusted: str = "") -> None:
        self._networks = [ip_network(part.strip(), strict=False) for part in trusted.split(",") if part.strip()]
        self._is_trusted = lru_cache(maxsize=4096)(self._look_up)

    def of(self, scope: Scope) -> str:
        """The nearest address that is no trusted proxy."""
        client = scope.get("client")
        peer = client[0] if client else UNKNOWN
        if not self._is_trusted(peer):
            return peer
        forwarded = [
            part.strip()
            for name, value in scope["headers"]
            if name == b"x-forwarded-for"
            for part in value.decode("latin-1").split(",")
        ]
        for address in reversed(forwarded):
            if not _is_address(address):
                return peer
            peer = address
            if not self._is_trusted(address):
                break
        return peer

    def is_secure(self, scope: Scope) -> bool:
        """Whether the client speaks TLS, to us or to a trusted proxy that says so."""
        if scope.get("scheme") == "https":
            return True
        client = scope.get("client")
        trusted = bool(client and self._is_trusted(client[0]))
        return trusted and (header(scope, b"x-forwarded-proto") or "").strip().lower() == "https"

    def _look_up(self, address: str) -> bool:
        if address == PROXY:
            return True
        return _is_address(address) and any(ip_address(address) in network for network in self._networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
