"""What each part may say and hear on the bus, worked out from `markethall.contracts.topology`.

Every part has a bus user of its own, and inboxes of its own (`_INBOX_<part>.>`), so that no part
reads what another one was answered.
"""

from typing import Any

from markethall.contracts.topology import (
    APPLIED,
    DEAD,
    KEYS_BUCKET,
    MQTT_STREAMS,
    PARTS,
    REPLICAS_BUCKET,
    SIBLINGS,
    Durable,
    Part,
)

_API = "$JS.API"
_BUCKETS = (REPLICAS_BUCKET, KEYS_BUCKET)
# About streams and consumers, never what is in them.
_INFORMATION = (f"{_API}.INFO", f"{_API}.STREAM.INFO.*", f"{_API}.CONSUMER.INFO.*.*")


def permissions(name: str) -> dict[str, Any]:
    """The `permissions` block of the part's user in nats.conf."""
    part = PARTS[name]
    allowed: dict[str, Any] = {
        "publish": {"allow": sorted(_says(name, part))},
        "subscribe": {"allow": sorted(_hears(name, part))},
    }
    if part.answers:
        allowed["allow_responses"] = {"max": 1, "expires": "10s"}
    return allowed


def _says(name: str, part: Part) -> set[str]:
    subjects = {*part.publishes, *part.requests, *_INFORMATION}
    subjects.add(f"$KV.{REPLICAS_BUCKET}.{name}.>")
    # A replica that joins asks one of its own, and is answered into an inbox of their own.
    subjects |= {f"{SIBLINGS}{name}", f"_INBOX_{name}.>"}
    subjects.update(f"$KV.{bucket}.>" for bucket in part.writes_buckets)
    subjects.update(f"{_API}.STREAM.CREATE.{stream}" for stream in part.streams)
    for durable in (*part.durables, *part.device_durables):
        subjects |= _consumes(durable)
    if part.device_durables:
        subjects.update(f"{_API}.STREAM.{verb}.{s.name}" for s in MQTT_STREAMS for verb in ("CREATE", "UPDATE"))
    for bucket in _BUCKETS:
        subjects |= _reads(bucket)
    if part.durables or part.listens:
        subjects.add(f"{APPLIED}>")
    return subjects


def _hears(name: str, part: Part) -> set[str]:
    subjects = {*part.listens, *part.answers, f"_INBOX_{name}.>", f"{APPLIED}{name}.>", f"{SIBLINGS}{name}"}
    subjects.update(f"$KV.{bucket}.>" for bucket in _BUCKETS)
    return subjects


def _consumes(durable: Durable) -> set[str]:
    place = f"{durable.stream}.{durable.name}"
    return {
        f"{_API}.CONSUMER.CREATE.{place}",
        f"{_API}.CONSUMER.DURABLE.CREATE.{place}",
        f"{_API}.CONSUMER.MSG.NEXT.{place}",
        f"$JS.ACK.{place}.>",
        f"{DEAD}{durable.name}",
    }


def _reads(bucket: str) -> set[str]:
    """A bucket is a stream; watching it is an unnamed consumer."""
    stream = f"KV_{bucket}"
    return {
        f"{_API}.STREAM.CREATE.{stream}",
        f"{_API}.STREAM.MSG.GET.{stream}",
        f"{_API}.DIRECT.GET.{stream}",
        f"{_API}.DIRECT.GET.{stream}.>",
        f"{_API}.CONSUMER.CREATE.{stream}",
        f"{_API}.CONSUMER.CREATE.{stream}.>",
        f"{_API}.CONSUMER.DELETE.{stream}.*",
        f"$JS.FC.{stream}.>",
    }
