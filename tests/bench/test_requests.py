"""Requests as they are prepared, and what wrk makes of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from markethall.bench.errors import GeneratorMissing
from markethall.bench.load import wrk
from markethall.bench.load.requests import Request, read, request, write

KEY = b"idempotency-key: "


class Heard:
    """What a server on loopback was asked, header block and body each. Answers 201; where asked for `/no`, 503."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.address = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
                self.asked.append(head + await reader.readexactly(length))
                status = b"503 Busy" if b"/no " in head else b"201 Created"
                writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\n{}")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@asynccontextmanager
async def listening() -> AsyncIterator[Heard]:
    heard = Heard()
    server = await asyncio.start_server(heard.serve, "127.0.0.1", 0)
    async with server:
        heard.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield heard
        server.close()


def test_requests_are_read_as_they_were_written(tmp_path: Path) -> None:
    prepared = [Request(b"GET / HTTP/1.1\r\n\r\n"), Request(b"with\nlines ", b"\n\n12 3\n"), Request(b"x")]
    write(prepared, tmp_path / "requests")
    assert read(tmp_path / "requests") == prepared


async def test_every_keyed_request_has_a_key_of_its_own() -> None:
    async with listening() as heard:
        body = {"lines": [{"sku": "A", "quantity": 1}]}
        prepared = [request("POST", f"{heard.address}/api/orders?x=1", body=body, keyed=True)]
        seen = await wrk.run(heard.address, prepared, connections=4, seconds=1, threads=2)
        asked = list(heard.asked)
    assert 0 < seen.answers <= len(asked) <= seen.answers + 4
    assert seen.refused == seen.broken == 0
    assert all(each.startswith(b"post /api/orders?x=1 http/1.1\r\n") for each in asked)
    keys = [each.partition(KEY)[2].partition(b"\r\n")[0] for each in asked]
    assert len(set(keys)) == len(keys)
    assert all(each.endswith(b'\r\n\r\n{"lines":[{"sku":"A","quantity":1}]}') for each in asked)


async def test_refusals_are_counted_and_requests_are_sent_in_turn() -> None:
    async with listening() as heard:
        prepared = [request("GET", heard.address + path) for path in ("/yes", "/no")]
        seen = await wrk.run(heard.address, prepared, connections=1, seconds=1)
        asked = heard.asked[: seen.answers]
    assert {each.partition(b" http")[0] for each in asked[::2]} != {each.partition(b" http")[0] for each in asked[1::2]}
    assert seen.refused == sum(each.startswith(b"get /no ") for each in asked)
    assert seen.latencies_ms["p50"] <= seen.latencies_ms["p99"] <= seen.latencies_ms["max"]
    assert seen.cpu_seconds >= 0


async def test_without_wrk_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GeneratorMissing, match="apt-get install wrk"):
        await wrk.run("http://127.0.0.1:1", [request("GET", "http://127.0.0.1:1/")], connections=1, seconds=1)
