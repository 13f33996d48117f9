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
from markethall.kit.db import is_passing
from markethall.kit.errors import Unavailable
from markethall.kit.ids import random_id
from markethall.kit.pull import Pull
from markethall.kit.tasks import cancel

log = structlog.get_logger(__name__)

Message = TypeVar("Message")

FETCH_SECONDS = 5.0
DRAIN_SECONDS = 5.0
"""For the batch in hand when a replica leaves."""
MAX_DELIVERIES = 50
"""A message that fails for another reason than a passing one this often is set aside."""


class Consumer(Generic[Message]):
    """Feeds `apply` with batches of decoded messages until it is closed.

    `apply` opens and commits its own transaction and bears repeats in any order. If it raises
    what may pass (database away), all of the batch come again with backoff. If it raises
    anything else, each message is tried alone, and one that keeps failing is set aside. What
    cannot be decoded is set aside at once. Set aside means: published to the stream `DEAD` as
    `dead.<consumer>` with the reason, then acknowledged.
    """

    def __init__(
        self,
        bus: Bus,
        durable: Durable,
        types: dict[str, type[Any]],
        apply: Callable[[Sequence[Message]], Awaitable[None]],
        *,
        batch: int = 64,
    ) -> None:
        self._bus = bus
        self._durable = durable
        self._decoders = {subject: msgspec.msgpack.Decoder(type_) for subject, type_ in types.items()}
        self._apply = apply
        self._pull = Pull(bus, durable, batch)
        self._task: asyncio.Task[None] | None = None
        self._handling = False
        self._leaving = False

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name=f"consumer {self._durable.name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The batch in hand is finished first: broken off, it would come again only after `ack_wait_seconds`."""
        self._leaving = True
        if self._handling and self._task is not None:
            await asyncio.wait([self._task], timeout=DRAIN_SECONDS)
        await cancel(self._task)

    async def _run(self) -> None:
        failures = 0
        while not self._leaving:
            try:
                await self._bus.wait_connected(timeout_seconds=30)
                await self._bus.ensure_topology()
                async with self._pull:
                    while not self._leaving:
                        messages = await self._pull.next(FETCH_SECONDS)
                        failures = 0
                        self._handling = True
                        await self.handle(messages)
                        self._handling = False
            except Exception as error:
                self._handling = False
                failures += 1
                if failures in (1, 10) or failures % 100 == 0:
                    log.warning("cannot fetch", consumer=self._durable.name, reason=repr(error))
                await asyncio.sleep(min(0.05 * 2 ** min(failures, 6), 2.0))

    async def handle(self, messages: Sequence[Msg]) -> None:
        """Apply one batch and settle each of its messages with the bus."""
        readable: list[tuple[Msg, Message]] = []
        for message in messages:
            try:
                readable.append((message, self._decode(message)))
            except (msgspec.MsgspecError, KeyError, ValueError) as error:
                await self._set_aside(message, f"unreadable: {error}")
        if not readable:
            return
        try:
            await self._apply([decoded for _, decoded in readable])
        except Exception as error:
            telemetry.CONSUMER_FAILURES.labels(self._durable.name).inc()
            if len(readable) > 1 and not _passes(error):
                for message, _ in readable:
                    await self.handle([message])
                return
            await self._again([message for message, _ in readable], error)
            return
        for message, _ in readable:
            await self._done(message)
        telemetry.CONSUMED.labels(self._durable.name).inc(len(readable))

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
        for message in messages:
            try:
                deliveries = message.metadata.num_delivered or 1
                if deliveries >= MAX_DELIVERIES and not _passes(error):
                    await self._set_aside(message, repr(error))
                else:
                    await message.nak(delay=min(0.1 * 2 ** min(deliveries, 7), 10.0))
            except Exception as failure:
                log.warning("not returned", consumer=self._durable.name, reason=repr(failure))
        await asyncio.sleep(0.05)

    async def _set_aside(self, message: Msg, reason: str) -> None:
        try:
            await self._bus.jetstream.publish(
                DEAD + self._durable.name,
                message.data,
                headers={
                    "Nats-Msg-Id": str(random_id()),
                    "Dead-Subject": message.subject,
                    "Dead-Reason": reason.replace("\r", " ").replace("\n", " ")[:1000],
                },
            )
            await message.ack()
        except Exception as error:
            log.warning("dead letter not stored", consumer=self._durable.name, reason=repr(error))
            return
        telemetry.DEAD_LETTERS.labels(self._durable.name).inc()
        log.error("dead letter", consumer=self._durable.name, subject=message.subject, reason=reason)


def _passes(error: Exception) -> bool:
    return isinstance(error, Unavailable) or is_passing(error)
