"""Which address of this machine others reach it at."""

import socket
from urllib.parse import urlsplit

from markethall.kit.settings import Settings, WrongSetting, variable

ANYWHERE = ("", "0.0.0.0", "::")  # noqa: S104


def url_of(settings: Settings) -> str:
    """`http://host:port` of a replica that listens there. Raises WrongSetting."""
    host = address_towards(settings.bus_url) if settings.host in ANYWHERE else settings.host
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def address_towards(bus_url: str) -> str:
    """The address that this machine has in the network by which it reaches the bus. Nothing is sent.

    Raises:
        WrongSetting: no server of the bus is known by its name, or there is no way to it.
    """
    reasons: list[str] = []
    for server in bus_url.split(","):
        parts = urlsplit(server.strip())
        try:
            found = socket.getaddrinfo(parts.hostname, parts.port or 4222, type=socket.SOCK_DGRAM)
        except OSError as error:
            reasons.append(f"{parts.hostname}: {error.strerror or error}")
            continue
        for family, kind, protocol, _, address in found:
            with socket.socket(family, kind, protocol) as towards:
                try:
                    towards.connect(address)
                except OSError as error:
                    reasons.append(f"{parts.hostname}: {error.strerror or error}")
                else:
                    return str(towards.getsockname()[0])
    raise WrongSetting(f"{variable('host')} is missing, and there is no way to the bus ({'; '.join(reasons)})")
