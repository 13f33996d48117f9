"""What a process is told from outside, by environment variables that begin with `MARKETHALL_`."""

import secrets
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from markethall.kit.setting_forms import (
    BusUrl,
    DatabaseUrl,
    HttpAddress,
    LogLevel,
    MqttUrl,
    Proxies,
    ReplicaName,
    Upstreams,
)

SECRET = frozenset({"database_url", "database_read_url", "bus_url", "mqtt_url", "admin_password"})
"""Settings that are not repeated to whoever got them wrong: they may hold a password."""


class WrongSetting(Exception):
    """What is wrong with settings, a line for each, by the names of their environment variables."""


def read_settings() -> "Settings":
    """From the environment.

    Raises:
        WrongSetting: some of it is not what it should be.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise WrongSetting("\n".join(lines_of(error))) from None


def variable(name: str) -> str:
    return f"MARKETHALL_{name.upper()}"


def lines_of(error: ValidationError) -> list[str]:
    """What is wrong, a line for each setting."""
    return [_line(each) for each in error.errors()]


def _line(error: ErrorDetails) -> str:
    name = str(error["loc"][0])
    own = error.get("ctx", {}).get("error")
    what = str(own) if own else error["msg"].removeprefix("Input ")
    given = "" if name in SECRET else f" (it is {error['input']!r})"
    return f"{variable(name)} {what}{given}"


class Settings(BaseSettings):
    """Settings of one replica of one service."""

    model_config = SettingsConfigDict(env_prefix="MARKETHALL_", frozen=True, extra="ignore")

    service: str = ""
    replica: ReplicaName = Field(default_factory=lambda: secrets.token_hex(4))
    host: str = ""
    """Where to listen. Empty: the address of this machine that leads to the bus."""
    port: int = Field(default=0, ge=0, le=65535)
    """0: any free port."""
    public_socket: int | None = None
    """Number of a listening socket that was inherited, to be served beside host and port."""
    proxy_socket: Path | None = None
    """A Unix socket to be served beside host and port, for the proxy in front: who connects to it is trusted."""
    advertise: HttpAddress | None = None
    """The address (`http://host:port`) that other parts reach this replica at, where it is not host and port."""
    join_seconds: float = Field(default=60.0, gt=0)
    """How long a replica that was not told of its database waits for another one of its service to tell it."""

    database_url: DatabaseUrl = ""
    """`postgresql://role:password@host:port/database`; several hosts may be named, as libpq does.
    Empty: another replica of the service is asked (`markethall.kit.siblings`)."""
    database_read_url: DatabaseUrl = ""
    """Standbys that may answer reads of the catalog, as `database_url`. Empty: the primary answers all."""
    database_pool: int = Field(default=6, ge=1, le=200)
    database_timeout_seconds: float = Field(default=5.0, gt=0)
    bus_url: BusUrl = "nats://127.0.0.1:4222"
    """`nats://user:password@host:port`, several separated by commas."""
    bus_replicas: int = Field(default=1, ge=1, le=5)
    """How many servers of the bus keep each stream and bucket: 3 on a cluster."""
    bus_stream_bytes: int | None = Field(default=None, ge=1024)
    """Where streams and buckets are made smaller than they are: no more than this in each."""

    media: str = ""
    """Where catalog keeps pictures: a folder, or `s3://bucket/prefix` (then `AWS_…` say who we are, and where it is).
    Empty: none can be uploaded."""
    media_keep_seconds: float = Field(default=30 * 24 * 3600.0, gt=0)
    """For how long a picture that nothing refers to is kept."""

    mqtt_url: MqttUrl = ""
    """`mqtt://host:port` of the bus's MQTT listener, several separated by commas; `mqtts` for TLS.
    Empty: no devices. The user is that of `bus_url`."""

    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    admin_email: str = ""
    admin_password: str = ""
    access_token_seconds: int = Field(default=900, ge=1)
    refresh_token_seconds: int = Field(default=30 * 24 * 3600, ge=60)
    """A session ends when it was not refreshed for this long."""
    key_rotation_seconds: float = Field(default=30 * 24 * 3600.0, ge=600)
    """How long one key signs access tokens before the next one takes its place."""
    sign_in_free_failures: int = Field(default=5, ge=1)
    """Wrong passwords for one account before it is slowed down."""
    sign_in_first_delay_seconds: float = Field(default=2.0, gt=0)
    """The delay after them; it doubles with each further wrong password."""
    sign_in_longest_delay_seconds: float = Field(default=900.0, gt=0)
    sign_in_failures_per_minute: int = Field(default=100, ge=1)
    """Wrong passwords from one client address, whatever the account."""
    registrations_per_minute: int = Field(default=120, ge=1)
    """Registrations from one client address."""
    password_threads: int = Field(default=2, ge=1, le=64)
    """Passwords hashed at once by a replica of accounts; each takes 19 MiB while it lasts."""
    password_queue: int = Field(default=128, ge=1)
    """Passwords that may wait for a thread; one more is answered 503."""

    rate_limit: int | None = Field(default=None, ge=1)
    """Requests per second for each client address, on all routes. None: no limit."""
    connections: int = Field(default=10_000, ge=1, le=100_000)
    """Open at a replica at most, if the system's limit of open files allows it; one more is answered 503."""
    orders_under_way: int = Field(default=5_000, ge=1, le=10_000)
    """Orders that a front has taken and whose outcome is not known yet, at most; one more is answered 503."""
    cache_entries: int = Field(default=10_000, ge=0)
    """Capacity of front's product cache; 0 switches it off."""
    upstreams: Upstreams = ""
    """`service=http://host:port[,…]` pairs separated by blanks; overrides the registry."""
    trusted_proxies: Proxies = ""
    """Addresses whose `X-Forwarded-For` is believed, separated by commas."""

    status_socket: Path | None = None
    """Where `markethall up` tells front how the processes of the shop are."""

    log_level: LogLevel = "info"
    otlp_endpoint: HttpAddress = ""
    """OpenTelemetry collector (OTLP over HTTP). Empty: traces are passed on but not exported."""
    drain_seconds: float = Field(default=10.0, ge=0)
    max_body_bytes: int = Field(default=1 << 20, ge=1024)
    body_timeout_seconds: float = Field(default=10.0, gt=0)
    data: Path | None = None

    crash_points: str = ""
    """For fault tests: where this process kills itself (`markethall.kit.crash_points`)."""
