"""The bus's MQTT listener: where devices reach it, and what they may say and hear there."""

import errno
from dataclasses import dataclass
from typing import Any, ClassVar

from markethall.contracts.topology import DEVICE_CANCEL, DEVICE_PLACE, DEVICE_STATUS, DEVICE_STOCK
from markethall.local.credentials import DEVICE
from markethall.local.errors import LocalError, PortTaken
from markethall.local.ports import LOOPBACK, bind_error, free_port

DEFAULT_PORT = 1883
ACK_WAIT = "10s"
FORGET_AFTER = "24h"
"""A device that stayed away for so long has lost what waited for its session, and subscribes again."""


@dataclass(frozen=True)
class MqttListener:
    """One node's."""

    host: str
    port: int
    replica: str = "1"
    service: ClassVar[str] = "mqtt"

    @property
    def url(self) -> str:
        return f"mqtt://{self.address}"

    @property
    def address(self) -> str:
        """`host:port` by which this machine reaches it."""
        host = {"0.0.0.0": LOOPBACK, "::": "::1", "": LOOPBACK}.get(self.host, self.host)  # noqa: S104
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    def is_free(self) -> bool:
        """A bus whose MQTT port was taken meanwhile starts without: it carries orders, too."""
        return bind_error(self.host, self.port) is None

    def block(self, replicas: int = 1) -> dict[str, Any]:
        """`mqtt {}` of nats.conf. `replicas`: of the streams that NATS makes for it."""
        return {
            "host": self.host,
            "port": self.port,
            "ack_wait": ACK_WAIT,
            "consumer_inactive_threshold": FORGET_AFTER,
            "stream_replicas": replicas,
            # The contract is QoS 1.
            "reject_qos2_publish": True,
            "downgrade_qos2_subscribe": True,
        }


def device_user(password: str) -> dict[str, Any]:
    """The entry of nats.conf for the user that devices share. It enters by MQTT only."""
    heard = [pattern for subject in (DEVICE_STATUS, DEVICE_STOCK) for pattern in (subject, f"{subject}.>")]
    return {
        "user": DEVICE,
        "password": password,
        "allowed_connection_types": ["MQTT"],
        "permissions": {
            "publish": {"allow": [DEVICE_PLACE, DEVICE_CANCEL]},
            # NATS delivers QoS 1 over subscriptions below `$MQTT.sub`.
            "subscribe": {"allow": [*heard, "$MQTT.sub.>"]},
        },
    }


def listeners(host: str, asked: int | None, nodes: int = 1) -> tuple[list[MqttListener], str]:
    """A listener for each bus node, on ports one after the other; none, and why, where nobody asked for it.

    Args:
        asked: the first port; 0: any free ones; None: 1883, if it is free.

    Raises:
        PortTaken, LocalError: the port that was asked for cannot be had.
    """
    if asked == 0:
        return [MqttListener(host, free_port(host), str(number + 1)) for number in range(nodes)], ""
    wanted = [MqttListener(host, (asked or DEFAULT_PORT) + number, str(number + 1)) for number in range(nodes)]
    for listener in wanted:
        error = bind_error(listener.host, listener.port)
        if error is None:
            continue
        what = f"port {listener.port} of {host}"
        if asked is None:
            return [], f"{what} is taken: MQTT is off (choose another port with --mqtt-port)"
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(f"{what} is taken: stop what listens there, or choose another with --mqtt-port")
        raise LocalError(f"cannot listen on {what} for MQTT: {error.strerror}")
    return wanted, ""
