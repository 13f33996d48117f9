"""Reading a key-value bucket of the bus whole."""

from base64 import b64decode
from typing import NamedTuple, Protocol

import msgspec

from markethall.kit.bus import BusUnavailable

MAX_ENTRIES = 10_000
NO_MESSAGE = 10037
"""JetStream's error code for a message that is not there."""


class Asks(Protocol):
    """`markethall.kit.bus.Bus`, or another connection to the bus. Raises BusUnavailable."""

    async def request(self, subject: str, payload: bytes, timeout_seconds: float = 2.0) -> bytes: ...


class Entry(NamedTuple):
    key: str
    value: bytes
    deleted: bool


async def read_bucket(bus: Asks, bucket: str) -> list[Entry]:
    """The latest value of each key, deleted ones included.

    Raises BusUnavailable: no bus, no bucket, or nobody leads it just now.
    """
    entries: list[Entry] = []
    sequence = 1
    while len(entries) < MAX_ENTRIES:
        # The library's way of reading would make a consumer each time, which outlives the reading by minutes.
        question = msgspec.json.encode({"seq": sequence, "next_by_subj": f"$KV.{bucket}.>"})
        answer = msgspec.json.decode(await bus.request(f"$JS.API.STREAM.MSG.GET.KV_{bucket}", question))
        if "message" not in answer:
            if answer.get("error", {}).get("err_code") != NO_MESSAGE:
                raise BusUnavailable(f"The bucket {bucket} cannot be read.")
            break
        message = answer["message"]
        sequence = message["seq"] + 1
        entries.append(
            Entry(
                key=message["subject"].removeprefix(f"$KV.{bucket}."),
                value=b64decode(message.get("data", "")),
                deleted=b"KV-Operation" in b64decode(message.get("hdrs", "")),
            )
        )
    return entries
