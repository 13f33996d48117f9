"""What a replica is not told by its own settings, a replica of the same service tells it, over the bus.

So whoever starts one needs the bus's address and the service's credentials there, and nothing else. The question
and the answer pass between two connections of one bus user, and nobody else may listen to either
(`markethall.contracts.topology.SIBLINGS`).
"""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import msgspec
import nats
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import ValidationError

from markethall.contracts.messages import SiblingSettings
from markethall.contracts.topology import SIBLINGS
from markethall.kit.bus import Bus
from markethall.kit.bus_connection import Connection
from markethall.kit.settings import Settings, WrongSetting, lines_of, variable
from markethall.kit.tasks import cancel

log = structlog.get_logger(__name__)

OWN = frozenset(
    [
        "service",
        "replica",
        "host",
        "port",
        "public_socket",
        "proxy_socket",
        "advertise",
        "bus_url",
        "join_seconds",
        "status_socket",
        "data",
        "log_level",
        "drain_seconds",
        "crash_points",
        "admin_email",
        "admin_password",
    ]
)
"""Settings of one replica, or of one machine. All others are the same for all replicas of a service."""
QUEUE = "siblings"
CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 1.0
AGAIN_SECONDS = 0.2
NOBODY = "none is there"
OF_THE_BUS = "the bus: "
REFUSED = "Authorization Violation"


def shared(settings: Settings) -> dict[str, Any]:
    """The settings it was given that its siblings have, too."""
    given = settings.model_dump(mode="json", include=settings.model_fields_set - OWN)
    return {name: value for name, value in given.items() if value != ""}


class Siblings:
    """Tells the settings of this replica to those of the same service that join."""

    def __init__(self, bus: Bus, settings: Settings) -> None:
        self._bus = bus
        self._answer = msgspec.msgpack.encode(SiblingSettings(shared(settings)))
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        # In the background: a replica starts without the bus, too.
        listening = self._bus.listen(SIBLINGS + self._bus.part, self._hear, queue=QUEUE)
        self._listening = asyncio.create_task(listening, name="siblings")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await cancel(self._listening)

    async def _hear(self, message: Msg) -> None:
        await message.respond(self._answer)


async def joined(settings: Settings, service: str) -> Settings:
    """The settings, with what they leave open as a sibling has it.

    A service that keeps data cannot do without its database, and a front that guesses the currency refuses orders in
    the right one: each asks for `join_seconds`. One that was told of it was told what it needs, and asks nobody. The
    first front of a shop is one, too: where nobody is there to be asked, it goes on with what settings are by default.

    Raises:
        WrongSetting: nobody told it where its database is, or what it was told is of no use here.
    """
    missing = _missing(settings, service)
    if missing is None:
        return settings
    reasons: list[str] = []
    told: dict[str, Any] | None = None
    try:
        async with asyncio.timeout(settings.join_seconds):
            while told is None:
                told = await _ask(settings, service, reasons)
                if told is None and service == "front" and reasons[-1] == NOBODY:
                    return settings
                if told is None:
                    await asyncio.sleep(AGAIN_SECONDS)
    except TimeoutError:
        pass
    joint = _with(settings, service, told or {})
    if told is None or (missing == "database_url" and not joint.database_url):
        why = _told_last(reasons)
        raise WrongSetting(
            f"{variable(missing)} is missing, and no replica of {service} told it "
            f"within {settings.join_seconds:g} s: {why}"
        )
    return joint


def _told_last(reasons: list[str]) -> str:
    """The last reason; of a bus that refuses us the one that says so: it may close before that is read."""
    if not reasons:
        return "the bus does not answer"
    refused = [reason for reason in reasons if REFUSED in reason]
    return refused[-1] if refused and reasons[-1].startswith(OF_THE_BUS) else reasons[-1]


def _missing(settings: Settings, service: str) -> str | None:
    """The setting by which a replica is known to have been told nothing; None where it was."""
    if service != "front":
        return None if settings.database_url else "database_url"
    # A fixed list is there so that front does without the bus.
    is_told = "currency" in settings.model_fields_set or settings.upstreams
    return None if is_told else "currency"


async def _ask(settings: Settings, service: str, reasons: list[str]) -> dict[str, Any] | None:
    """What a sibling says; None, and a reason more, where none does."""
    client = Connection()
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await _connect(client, settings, service, reasons)
        answer = await client.request(SIBLINGS + service, b"", timeout=ANSWER_SECONDS)
        return msgspec.msgpack.decode(answer.data, type=SiblingSettings).settings
    except nats.errors.NoRespondersError:
        reasons.append(NOBODY)
    except (nats.errors.Error, TimeoutError, OSError, msgspec.MsgspecError) as error:
        reasons.append(str(error) or "no answer")
    finally:
        await _close(client)
    return None


async def _connect(client: Client, settings: Settings, service: str, reasons: list[str]) -> None:
    async def note(error: Exception) -> None:
        reasons.append(f"{OF_THE_BUS}{str(error) or type(error).__name__}")

    servers = [server.strip() for server in settings.bus_url.split(",")]
    address = urlsplit(servers[0])
    await client.connect(
        servers=servers,
        user=unquote(address.username or ""),
        password=unquote(address.password or ""),
        name=f"{service}-{settings.replica} joining",
        inbox_prefix=f"_INBOX_{service}",
        allow_reconnect=False,
        connect_timeout=1,
        error_cb=note,
    )


async def _close(client: Client) -> None:
    try:
        async with asyncio.timeout(1):
            await client.close()
    except Exception as error:
        log.debug("not closed", reason=repr(error))


def _with(settings: Settings, service: str, told: dict[str, Any]) -> Settings:
    """What was given here stands; a setting that this release does not know is passed over."""
    given = shared(settings)
    known = Settings.model_fields.keys() - OWN - given.keys()
    news = {name: value for name, value in told.items() if name in known}
    if not news:
        return settings
    try:
        joint = Settings(**news)
    except ValidationError as error:
        lines = "\n".join(lines_of(error))
        raise WrongSetting(f"a replica of {service} told it what is of no use:\n{lines}") from None
    _check_media(joint, told.get("media"))
    log.info("joins", told=sorted(news))
    return settings.model_copy(update={name: getattr(joint, name) for name in news})


def _check_media(settings: Settings, told: str | None) -> None:
    """Pictures in a folder of another machine would be missing here without a word."""
    if told and settings.media == told and not told.startswith("s3://") and not Path(told).is_dir():
        raise WrongSetting(
            f"{variable('media')} is missing, and the others keep pictures in {told}, which is no folder here: "
            "share that, or keep them in s3://bucket/prefix"
        )
