"""Consumers: batches off a durable, applied in one transaction, acknowledged after its commit."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import msgspec
import structlog
from nats.aio.msg import Msg

from markethall.contracts.topology import DEAD, Durable
from markethall.kit import telemetry
from markethall.kit.bus import APPLIED_TO, Bus
from markethall.kit.crash_points import crash_point
from markethall.kit.db import is_passing
from markethall.kit.dead_letters import REASON, SUBJECT
from markethall.kit.errors import Unavailable
from markethall.kit.figures import FIGURES
from markethall.kit.ids import random_id
from markethall.kit.pull import Pull
from markethall.kit.tasks import Periodic, cancel

log = structlog.get_logger(__name__)

Message = TypeVar("Message")

FETCH_SECONDS = 5.0
DRAIN_SECONDS = 5.0
"""For the batch in hand when a replica leaves."""
MAX_DELIVERIES = 20
"""A message that fails for another reason than a passing one this often is set aside: after some two minutes."""
LONGEST_PAUSE_SECONDS = 10.0
LONGEST_WAIT_SECONDS = 2.0
"""Before a batch comes again that failed for what passes, such as a database that is away."""
SET_ASIDE_SECONDS = 1.0
NO_ROOM_SECONDS = 30.0
"""Before a message comes again for which there was no room among the dead letters."""


class Consumer(Generic[Message]):
    """Feeds `apply` with batches of decoded messages until it is closed.

    `apply` opens and commits its own transaction and bears repeats in any order. If it raises
    what may pass (database away), all of the batch come again with backoff. If it raises
    anything else, each message is tried alone, and one that keeps failing is set aside. What
    cannot be decoded is set aside at once. Set aside means: published to the stream `DEAD` as
    `dead.<consumer>` with the reason, then acknowledged; while there is no room for it there it
    stays in its stream, comes again now and then, and holds up nobody.
    """

    def __init__(
        self,
        bus: Bus,
        durable: Durable,
        types: dict[str, type[Any]],
        apply: Callable[[Sequence[Message]], Awaitable[None]],
        *,
        batch: int = 64,
        read: Callable[[Msg], Message] | None = None,
        max_deliveries: int = MAX_DELIVERIES,
    ) -> None:
        """`types` by subject, of messages in MessagePack; `read` takes their place where messages are others."""
        self._bus = bus
        self._max_deliveries = max_deliveries
        self._durable = durable
        self._read = read or self._decode
        self._decoders = {subject: msgspec.msgpack.Decoder(type_) for subject, type_ in types.items()}
        self._apply = apply
        self._pull = Pull(bus, durable, batch)
        self._task: asyncio.Task[None] | None = None
        self._handling = False
        self._leaving = False
        self._in_hand: Sequence[Msg] = ()
        self._at_work = Periodic("at work", self._say_at_work, durable.ack_wait_seconds / 3)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name=f"consumer {self._durable.name}")
        await self._at_work.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The batch in hand is finished first: broken off, it would come again only after `ack_wait_seconds`."""
        self._leaving = True
        if self._handling and self._task is not None:
            await asyncio.wait([self._task], timeout=DRAIN_SECONDS)
        await cancel(self._task)
        await self._at_work.__aexit__(kind, error, trace)

    async def _run(self) -> None:
        failures = 0
        while not self._leaving:
            try:
                await self._bus.wait_connected(timeout_seconds=30)
                async with self._pull:
                    while not self._leaving:
                        messages = await self._pull.next(FETCH_SECONDS)
                        failures = 0
                        if messages:
                            self._handling, self._in_hand = True, messages
                            await self.handle(messages)
                            self._handling, self._in_hand = False, ()
            except Exception as error:
                self._handling, self._in_hand = False, ()
                failures += 1
                if failures in (1, 10) or failures % 100 == 0:
                    log.warning("cannot fetch", consumer=self._durable.name, reason=repr(error))
                await asyncio.sleep(min(0.05 * 2 ** min(failures, 6), 2.0))

    async def _say_at_work(self) -> None:
        """What is in hand, or waits behind it, is not to come again while this replica lives."""
        if self._handling and self._bus.connected:
            for message in (*self._in_hand, *self._pull.waiting):
                if not message.is_acked:
                    await message.in_progress()

    async def handle(self, messages: Sequence[Msg]) -> None:
        """Apply one batch and settle each of its messages with the bus."""
        readable: list[tuple[Msg, Message]] = []
        unreadable: list[tuple[Msg, str]] = []
        for message in messages:
            try:
                readable.append((message, self._read(message)))
            except (msgspec.MsgspecError, KeyError, ValueError, RecursionError) as error:
                unreadable.append((message, f"unreadable: {error}"))
        if readable:
            await self._handle_readable(readable)
        await asyncio.gather(*(self._set_aside(message, reason) for message, reason in unreadable))

    async def _handle_readable(self, readable: Sequence[tuple[Msg, Message]]) -> None:
        crash_point("consumer.before_apply")
        try:
            await self._apply([decoded for _, decoded in readable])
        except Exception as error:
            telemetry.CONSUMER_FAILURES.labels(self._durable.name).inc()
            if len(readable) > 1 and not _passes(error):
                for one in readable:
                    await self._handle_readable([one])
                return
            await self._again([message for message, _ in readable], error)
            return
        crash_point("consumer.before_acknowledge")
        for message, _ in readable:
            await self._done(message)
        crash_point("consumer.after_acknowledge")
        telemetry.CONSUMED.labels(self._durable.name).inc(len(readable))
        FIGURES.carried("from bus", len(readable))

    def _decode(self, message: Msg) -> Message:
        decoded: Message = self._decoders[message.subject].decode(message.data)
        return decoded

    async def _done(self, message: Msg) -> None:
        """After the commit: what is lost here is delivered again, and borne."""
        try:
            await message.ack()
            if message.headers and (reply_to := message.headers.get(APPLIED_TO)):
                await self._bus.publish_live(reply_to, self._durable.name.encode())
        except Exception as error:
            log.warning("not acknowledged", consumer=self._durable.name, reason=repr(error))

    async def _again(self, messages: Sequence[Msg], error: Exception) -> None:
        log.warning("batch will come again", consumer=self._durable.name, reason=repr(error))
        passes = _passes(error)
        longest = LONGEST_WAIT_SECONDS if passes else LONGEST_PAUSE_SECONDS
        for message in messages:
            deliveries = message.metadata.num_delivered or 1
            if deliveries >= self._max_deliveries and not passes:
                await self._set_aside(message, repr(error))
            else:
                await self._give_back(message, min(0.1 * 2 ** min(deliveries, 7), longest))
        await asyncio.sleep(0.05)

    async def _set_aside(self, message: Msg, reason: str) -> None:
        # The same each time that one message of one stream is set aside, also where that stream was made anew.
        letter = f"{self._durable.name}-{message.metadata.sequence.stream}-{message.metadata.timestamp.timestamp()}"
        try:
            await bury(self._bus, self._durable, message.subject, message.data, reason, letter=letter)
            await message.ack()
        except Exception as error:
            log.warning("dead letter not stored", consumer=self._durable.name, reason=repr(error))
            await self._give_back(message, NO_ROOM_SECONDS)

    async def _give_back(self, message: Msg, seconds: float) -> None:
        try:
            await message.nak(delay=seconds)
        except Exception as failure:
            log.warning("not returned", consumer=self._durable.name, reason=repr(failure))


async def bury(
    bus: Bus, durable: Durable, subject: str, payload: bytes, reason: str, *, letter: str | None = None
) -> None:
    """A message that nothing can be done with, into the stream `DEAD`; one `letter` is stored once.

    Raises what the bus says where it has no room, or no leader: the message is nowhere else then.
    """
    headers = {
        "Nats-Msg-Id": letter or str(random_id()),
        SUBJECT: subject,
        REASON: "".join(c if " " <= c <= "~" else "?" for c in reason)[:1000],
    }
    await bus.jetstream.publish(DEAD + durable.name, payload, headers=headers, timeout=SET_ASIDE_SECONDS)
    telemetry.DEAD_LETTERS.labels(durable.name).inc()
    log.error("dead letter", consumer=durable.name, subject=subject, reason=reason[:1000])


def _passes(error: Exception) -> bool:
    return isinstance(error, Unavailable) or is_passing(error)
