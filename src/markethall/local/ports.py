"""Free ports of this machine."""

import socket

LOOPBACK = "127.0.0.1"


def free_port(host: str = LOOPBACK) -> int:
    """A port that was free a moment ago. Whoever uses it must be ready to find it taken."""
    with socket.socket(_family(host)) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def bind_error(host: str, port: int) -> OSError | None:
    """Why a server cannot listen there now; None if it can."""
    with socket.socket(_family(host)) as probe:
        # As servers do: connections of a server just stopped may linger.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None


def keep_or_choose(port: int) -> int:
    """The same loopback port as before if it is still free (0: none before), else another."""
    return port if port and bind_error(LOOPBACK, port) is None else free_port()


def reachable(host: str, port: int) -> str:
    """`http://…` by which this machine reaches a server that listens on `host`."""
    host = {"0.0.0.0": LOOPBACK, "::": "::1", "": LOOPBACK}.get(host, host)  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
