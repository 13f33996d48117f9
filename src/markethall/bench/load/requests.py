"""Requests as they go over the wire, made before the run so that sending one costs next to nothing."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec


class Request(NamedTuple):
    """Whole, or in two parts: then a key that nobody had before is put between them each time.

    `kind`: latencies are told apart by it, where requests are sent by the clock. A word, or empty.
    """

    head: bytes
    tail: bytes = b""
    kind: str = ""


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: object = None,
    keyed: bool = False,
    kind: str = "",
) -> Request:
    """`body` is sent as JSON. `keyed`: with an `Idempotency-Key` of its own each time."""
    place = urlsplit(url)
    target = place.path + (f"?{place.query}" if place.query else "")
    payload = b"" if body is None else msgspec.json.encode(body)
    lines = [f"{method} {target} HTTP/1.1", f"Host: {place.netloc}"]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(payload)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    start = "\r\n".join(lines).encode()
    if keyed:
        return Request(start + b"\r\nIdempotency-Key: ", b"\r\n\r\n" + payload, kind)
    return Request(start + b"\r\n\r\n" + payload, b"", kind)


def write(requests: Iterable[Request], path: Path) -> None:
    """Each as `<bytes of head> <bytes of tail> <kind>`, a line feed, and both."""
    with path.open("wb") as file:
        for head, tail, kind in requests:
            file.write(b"%d %d %b\n" % (len(head), len(tail), kind.encode()) + head + tail)


def read(path: Path) -> list[Request]:
    """What `write` wrote."""
    content, at, found = path.read_bytes(), 0, list[Request]()
    while at < len(content):
        end = content.index(b"\n", at)
        head_size, tail_size, kind = content[at:end].decode().split(" ")
        head, tail = int(head_size), int(tail_size)
        start = end + 1
        found.append(Request(content[start : start + head], content[start + head : start + head + tail], kind))
        at = start + head + tail
    return found
