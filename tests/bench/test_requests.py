"""Requests as they are prepared, and what wrk makes of them."""

from pathlib import Path

import pytest

from markethall.bench.errors import GeneratorMissing
from markethall.bench.load import wrk
from markethall.bench.load.requests import Request, read, request, write
from tests.bench.server import listening


def test_requests_are_read_as_they_were_written(tmp_path: Path) -> None:
    prepared = [Request(b"GET / HTTP/1.1\r\n\r\n", kind="read"), Request(b"with\nlines ", b"\n\n12 3\n"), Request(b"x")]
    write(prepared, tmp_path / "requests")
    assert read(tmp_path / "requests") == prepared


async def test_every_keyed_request_has_a_key_of_its_own() -> None:
    async with listening() as heard:
        body = {"lines": [{"sku": "A", "quantity": 1}]}
        prepared = [request("POST", f"{heard.address}/api/orders?x=1", body=body, keyed=True)]
        seen = await wrk.run(heard.address, prepared, connections=4, seconds=1, threads=2)
        asked, keys = list(heard.asked), heard.keys
    assert 0 < seen.answers <= len(asked) <= seen.answers + 4
    assert seen.refused == seen.broken == 0
    assert all(each.startswith(b"post /api/orders?x=1 http/1.1\r\n") for each in asked)
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


async def test_statuses_are_counted_where_that_is_asked_for() -> None:
    async with listening() as heard:
        prepared = [request("GET", heard.address + path) for path in ("/yes", "/no")]
        seen = await wrk.run(heard.address, prepared, connections=4, seconds=1, threads=2, count_statuses=True)
    assert seen.statuses is not None
    assert sum(seen.statuses.values()) == seen.answers
    assert seen.statuses["503"] == seen.refused


async def test_without_wrk_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GeneratorMissing, match="apt-get install wrk"):
        await wrk.run("http://127.0.0.1:1", [request("GET", "http://127.0.0.1:1/")], connections=1, seconds=1)
