"""What settings that are more than a number have to look like. Each check returns the value as it was given.

Raises:
    ValueError: says what the setting should be; never the value itself, which may hold a password.
"""

import re
from collections.abc import Sequence
from ipaddress import ip_network
from typing import Annotated, TypeAlias
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator

from markethall.contracts.topology import PARTS

LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_LONGEST_NAME = 64


def replica_name(value: str) -> str:
    """It is a part of subjects on the bus."""
    if len(value) > _LONGEST_NAME or not _NAME.fullmatch(value):
        raise ValueError(f"should be a name of at most {_LONGEST_NAME} letters, digits, '-' and '_', with no blanks")
    return value


def log_level(value: str) -> str:
    if value.lower() not in LOG_LEVELS:
        raise ValueError(f"should be one of {', '.join(LOG_LEVELS)}")
    return value


def proxies(value: str) -> str:
    for part in value.split(","):
        if part.strip():
            try:
                ip_network(part.strip(), strict=False)
            except ValueError:
                raise ValueError("should be IP addresses or networks, separated by commas") from None
    return value


def upstreams(value: str) -> str:
    for pair in value.split():
        service, _, addresses = pair.partition("=")
        if service not in PARTS or not all(_is_url(each, ("http", "https")) for each in addresses.split(",") if each):
            raise ValueError(
                "should be 'service=http://host:port[,http://host:port]' pairs separated by blanks, "
                f"where service is one of {', '.join(PARTS)}"
            )
        if not addresses.strip(","):
            raise ValueError(f"should name an address after '{service}='")
    return value


def http_address(value: str) -> str:
    if value and not _is_url(value, ("http", "https")):
        raise ValueError("should be an address, as http://host:port")
    return value


def database_url(value: str) -> str:
    if not value:
        return value
    # The driver is loaded where there is a database.
    from markethall.kit.db_nodes import WANTED_STANDBY, parse

    try:
        servers, _ = parse(value)
    except ValueError as error:
        if "target_session_attrs" not in str(error):
            raise ValueError(_DATABASE) from None
        raise ValueError(f"should have as target_session_attrs one of {', '.join(WANTED_STANDBY)}") from None
    if not all(_is_url(server, ("postgresql", "postgres"), needs_host=False) for server in servers):
        raise ValueError(_DATABASE)
    return value


def bus_url(value: str) -> str:
    return _servers(value, ("nats", "tls"), "nats://user:password@host:port")


def mqtt_url(value: str) -> str:
    return _servers(value, ("mqtt", "mqtts"), "mqtt://host:port") if value else value


_DATABASE = "should be postgresql://role:password@host:port/database"


def _servers(value: str, schemes: Sequence[str], form: str) -> str:
    if not all(_is_url(server.strip(), schemes) for server in value.split(",")):
        raise ValueError(f"should be {form}, several separated by commas")
    return value


def _is_url(value: str, schemes: Sequence[str], *, needs_host: bool = True) -> bool:
    try:
        parts: SplitResult = urlsplit(value)
        return parts.scheme in schemes and (bool(parts.hostname) or not needs_host) and parts.port != 0
    except ValueError:
        return False


ReplicaName: TypeAlias = Annotated[str, AfterValidator(replica_name)]
LogLevel: TypeAlias = Annotated[str, AfterValidator(log_level)]
Proxies: TypeAlias = Annotated[str, AfterValidator(proxies)]
Upstreams: TypeAlias = Annotated[str, AfterValidator(upstreams)]
HttpAddress: TypeAlias = Annotated[str, AfterValidator(http_address)]
DatabaseUrl: TypeAlias = Annotated[str, AfterValidator(database_url)]
BusUrl: TypeAlias = Annotated[str, AfterValidator(bus_url)]
MqttUrl: TypeAlias = Annotated[str, AfterValidator(mqtt_url)]
