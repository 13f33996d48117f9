"""Makes the streams, consumers and buckets of a part where they are missing; never takes anything away."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import nats
import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext, api
from nats.js.errors import BadRequestError, NotFoundError

from markethall.contracts.topology import BUCKETS, MQTT_STREAMS, PARTS, STREAMS, Bucket, Durable, Stream
from markethall.kit.settings import Settings

log = structlog.get_logger(__name__)

DEDUPLICATION_SECONDS = 120.0
ANSWER_SECONDS = 2.0
"""For one question. While a stream has no leader, questions about it are not answered at all."""
MAKING_SECONDS = 5.0
EXISTS = 10058
"""JetStream's error code for a stream name in use with another configuration."""


def stream_config(stream: Stream, settings: Settings) -> api.StreamConfig:
    return api.StreamConfig(
        name=stream.name,
        subjects=list(stream.subjects),
        retention=api.RetentionPolicy(stream.retention),
        storage=api.StorageType.FILE,
        discard=api.DiscardPolicy.OLD if stream.drops_oldest else api.DiscardPolicy.NEW,
        discard_new_per_subject=stream.messages_per_subject is not None and not stream.drops_oldest,
        max_msgs_per_subject=stream.messages_per_subject or -1,
        max_bytes=_bounded(stream.max_bytes, settings),
        max_age=0,
        duplicate_window=DEDUPLICATION_SECONDS,
        num_replicas=settings.bus_replicas,
    )


def _bounded(max_bytes: int, settings: Settings) -> int:
    return min(max_bytes, settings.bus_stream_bytes or max_bytes)


def durable_config(durable: Durable) -> api.ConsumerConfig:
    """As many copies as the stream has."""
    return api.ConsumerConfig(
        durable_name=durable.name,
        ack_policy=api.AckPolicy.EXPLICIT,
        deliver_policy=api.DeliverPolicy.ALL,
        ack_wait=durable.ack_wait_seconds,
        max_ack_pending=durable.max_ack_pending,
        max_waiting=durable.max_waiting,
        filter_subjects=list(durable.filters) or None,
    )


class Setup:
    """What one part needs on the bus."""

    def __init__(self, client: Client, settings: Settings, part: str) -> None:
        self._client = client
        self._settings = settings
        self._part = PARTS[part]
        self._streams = tuple(stream for stream in STREAMS if stream.name in self._part.streams)
        self._durables = self._part.durables
        self._not_changed: set[str] = set()

    def add_devices(self) -> None:
        """What MQTT takes is made, too."""
        self._streams += MQTT_STREAMS
        self._durables += self._part.device_durables

    async def run(self) -> None:
        """One pass; harmless to repeat, and short also where nothing answers.

        Raises the first failure, after everything was tried.
        """
        failures = await _all(
            [
                *(partial(self._stream, stream) for stream in self._streams),
                *(partial(self._bucket, bucket) for bucket in BUCKETS),
            ]
        )
        failures += await _all([partial(self._durable, durable) for durable in self._durables])
        if failures:
            raise failures[0]

    def _jetstream(self, seconds: float) -> JetStreamContext:
        return self._client.jetstream(timeout=seconds)

    async def _stream(self, stream: Stream) -> None:
        config = stream_config(stream, self._settings)
        try:
            found = (await self._jetstream(ANSWER_SECONDS).stream_info(stream.name)).config
        except NotFoundError:
            await self._jetstream(MAKING_SECONDS).add_stream(config)
        else:
            if stream in MQTT_STREAMS and found.max_bytes != config.max_bytes:  # it was NATS that made it
                found.max_bytes, found.discard = config.max_bytes, config.discard
                await self._jetstream(MAKING_SECONDS).update_stream(found)
            await self._copy_more(found)

    async def _durable(self, durable: Durable) -> None:
        wanted = durable_config(durable)
        try:
            found = (await self._jetstream(ANSWER_SECONDS).consumer_info(durable.stream, durable.name)).config
        except NotFoundError:
            found = None
        if found is None or (found.ack_wait, found.max_ack_pending) != (wanted.ack_wait, wanted.max_ack_pending):
            await self._jetstream(MAKING_SECONDS).add_consumer(durable.stream, wanted)

    async def _bucket(self, bucket: Bucket) -> None:
        try:
            found = (await self._jetstream(ANSWER_SECONDS).stream_info(f"KV_{bucket.name}")).config
        except NotFoundError:
            config = api.KeyValueConfig(
                bucket=bucket.name,
                history=1,
                ttl=bucket.ttl_seconds,
                max_bytes=_bounded(bucket.max_bytes, self._settings),
                storage=api.StorageType.MEMORY if bucket.ttl_seconds else api.StorageType.FILE,
                replicas=self._settings.bus_replicas,
            )
            try:
                await self._jetstream(MAKING_SECONDS).create_key_value(config)
            except BadRequestError as error:
                if error.err_code != EXISTS:
                    raise
        else:
            await self._copy_more(found)

    async def _copy_more(self, found: api.StreamConfig) -> None:
        """A stream made when the bus was a single server. A part whose user may not change it says so, once."""
        name, copies = str(found.name), self._settings.bus_replicas
        if (found.num_replicas or 1) >= copies or name in self._not_changed:
            return
        try:
            await self._jetstream(MAKING_SECONDS).update_stream(found.evolve(num_replicas=copies))
            log.info("stream copied", stream=name, copies=copies)
        except (nats.errors.Error, TimeoutError) as error:
            self._not_changed.add(name)
            log.warning("stream has too few copies", stream=name, copies=found.num_replicas, reason=repr(error))


async def _all(makers: Sequence[Callable[[], Awaitable[None]]]) -> list[Exception]:
    results = await asyncio.gather(*(maker() for maker in makers), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, Exception):
            raise result
    return [result for result in results if isinstance(result, Exception)]
