"""Messages that a consumer set aside: seen, sent again, or thrown away by the operator."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

import msgspec
import nats
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from markethall.contracts.topology import DEAD, MQTT_STREAMS, PARTS, STREAMS

STREAM = "DEAD"
SUBJECT = "Dead-Subject"
"""Header: what the message was said on."""
REASON = "Dead-Reason"
"""Header: why the consumer set it aside."""
SECONDS = 5.0
LAST_SEQUENCE = (1 << 64) - 1
"""The bus counts in 64 bits."""


class NoSuchLetter(Exception):
    """It was never there, or somebody has dealt with it."""


class NotToBeSaid(Exception):
    """Its subject is none that its consumer hears. Whoever may set messages aside may write any subject on
    them, and the operator may say everything: so nothing is said that could not have come from there."""


@dataclass(frozen=True)
class DeadLetter:
    """`sequence` names it in the stream; `at` is when it was set aside."""

    sequence: int
    at: datetime
    consumer: str
    subject: str
    reason: str
    payload: bytes


class DeadLetters:
    """The stream of dead letters, over a connection that may read it and publish everywhere."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._jetstream = client.jetstream(timeout=SECONDS)

    async def count(self) -> int:
        try:
            return (await self._jetstream.stream_info(STREAM)).state.messages
        except NotFoundError:
            return 0

    async def all(self) -> AsyncIterator[DeadLetter]:
        """Oldest first. Those that come while it is read are left for the next time."""
        try:
            last = (await self._jetstream.stream_info(STREAM)).state.last_seq
        except NotFoundError:
            return
        sequence = 1
        while sequence <= last and (letter := await self._next(sequence)) is not None and letter.sequence <= last:
            yield letter
            sequence = letter.sequence + 1

    async def get(self, sequence: int) -> DeadLetter:
        """Raises NoSuchLetter."""
        letter = await self._next(sequence) if sequence <= LAST_SEQUENCE else None
        if letter is None or letter.sequence != sequence:
            raise NoSuchLetter(f"there is no dead letter {sequence}")
        return letter

    async def resend(self, letter: DeadLetter) -> None:
        """Say it on its subject again; only when a stream has it, it is a dead letter no more.

        Broken off in between and repeated, it is said once (within the bus's window of two minutes), and consumers
        bear repeats in any case. Every consumer of the subject gets it, not only the one that set it aside.

        Raises:
            NotToBeSaid, nats.errors.Error: it stays a dead letter.
        """
        if not _hears(letter.consumer, letter.subject):
            raise NotToBeSaid(f"{letter.consumer} hears nothing on {letter.subject!r}")
        headers = {"Nats-Msg-Id": f"resent-{letter.sequence}-{letter.at.timestamp()}"}
        await self._jetstream.publish(letter.subject, letter.payload, headers=headers)
        await self.delete(letter)

    async def delete(self, letter: DeadLetter) -> None:
        try:
            await self._jetstream.delete_msg(STREAM, letter.sequence)
        except NotFoundError:
            pass  # somebody was faster
        except nats.js.errors.APIError as error:
            if error.err_code != _NO_MESSAGE:
                raise

    async def _next(self, sequence: int) -> DeadLetter | None:
        """The first from `sequence` on."""
        question = msgspec.json.encode({"seq": max(sequence, 1), "next_by_subj": f"{DEAD}>"})
        answer = await self._client.request(f"$JS.API.STREAM.MSG.GET.{STREAM}", question, timeout=SECONDS)
        decoded = msgspec.json.decode(answer.data, type=_Answer)
        if decoded.message is None:
            if decoded.error is None or decoded.error.code == _NOT_FOUND:
                return None
            raise nats.errors.Error(decoded.error.description)
        found = decoded.message
        headers = _headers(found.hdrs)
        return DeadLetter(
            sequence=found.seq,
            at=found.time,
            consumer=found.subject.removeprefix(DEAD),
            subject=headers.get(SUBJECT, ""),
            reason=headers.get(REASON, ""),
            payload=found.data,
        )


def _hears(consumer: str, subject: str) -> bool:
    for part in PARTS.values():
        for durable in (*part.durables, *part.device_durables):
            if durable.name == consumer:
                patterns = durable.filters or _SUBJECTS[durable.stream]
                return any(_matches(pattern, subject) for pattern in patterns)
    return False


def _matches(pattern: str, subject: str) -> bool:
    if pattern.endswith(".>"):
        return subject.startswith(pattern[:-1]) and len(subject) >= len(pattern) and not set(subject) & set("*> ")
    return subject == pattern


_SUBJECTS = {stream.name: stream.subjects for stream in (*STREAMS, *MQTT_STREAMS)}
_NOT_FOUND = 404
_NO_MESSAGE = 10037


class _Message(msgspec.Struct):
    subject: str
    seq: int
    time: datetime
    data: bytes = b""
    hdrs: bytes = b""


class _Error(msgspec.Struct):
    code: int
    description: str = ""


class _Answer(msgspec.Struct):
    message: _Message | None = None
    error: _Error | None = None


def _headers(raw: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in raw.decode(errors="replace").splitlines()[1:] if ":" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}
