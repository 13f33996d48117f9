"""Logs: JSON lines, whatever a process writes, and bounded."""

import json
from pathlib import Path
from typing import Any

from markethall.local.logs import KEPT_FILES, MAX_LINE_BYTES, JsonLog


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_json_objects_are_kept_as_they_are(tmp_path: Path) -> None:
    log = JsonLog(tmp_path, "catalog", "1")
    log.feed(b'{"event": "started", "port": 9}\n')
    log.close()
    assert read(tmp_path / "catalog-1.jsonl") == [{"event": "started", "port": 9}]


def test_anything_else_is_wrapped(tmp_path: Path) -> None:
    log = JsonLog(tmp_path, "catalog", "2")
    log.feed(b"Traceback (most recent call last):\n{not json}\n[1]\n\xff\xfe\n")
    log.close()
    records = read(log.path)
    assert [record["message"] for record in records] == [
        "Traceback (most recent call last):",
        "{not json}",
        "[1]",
        "\ufffd\ufffd",
    ]
    assert {(record["service"], record["replica"], record["level"]) for record in records} == {("catalog", "2", "info")}


def test_the_levels_of_postgresql_and_nats_are_taken_over(tmp_path: Path) -> None:
    log = JsonLog(tmp_path, "postgres", "1")
    log.feed(b"2026-01-02 03:04:05.678 UTC [17] FATAL:  could not bind\n")
    log.feed(b"2026-01-02 03:04:05.678 UTC [17] LOG:  ready\n")
    log.feed(b"[6453] 2026/01/02 03:04:05.678901 [WRN] Plaintext passwords\n")
    log.close()
    assert [(record["level"], record["message"]) for record in read(log.path)] == [
        ("critical", "could not bind"),
        ("info", "ready"),
        ("warning", "Plaintext passwords"),
    ]


def test_lines_come_in_pieces(tmp_path: Path) -> None:
    log = JsonLog(tmp_path, "nats", "1")
    for piece in (b'{"a"', b": 1}\nhal", b"f\n", b"the last without an end"):
        log.feed(piece)
    log.close()
    records = read(log.path)
    assert records[0] == {"a": 1}
    assert [record.get("message") for record in records[1:]] == ["half", "the last without an end"]


def test_a_log_never_grows_beyond_its_bound(tmp_path: Path) -> None:
    log = JsonLog(tmp_path, "front", "1", max_bytes=10_000)
    for number in range(2_000):
        log.feed(json.dumps({"number": number, "text": "x" * 50}).encode() + b"\n")
    log.close()
    files = sorted(tmp_path.iterdir())
    assert len(files) == KEPT_FILES
    assert all(file.stat().st_size <= 10_000 for file in files)
    assert read(log.path)[-1]["number"] == 1_999
    older = [record["number"] for record in read(tmp_path / "front-1.jsonl.1")]
    assert older[-1] == read(log.path)[0]["number"] - 1


def test_a_line_without_end_takes_no_memory_without_end(tmp_path: Path) -> None:
    log = JsonLog(tmp_path, "front", "1")
    for _ in range(100):
        log.feed(b"x" * 10_000)
    log.close()
    assert all(len(record["message"]) <= MAX_LINE_BYTES for record in read(log.path))


def test_the_last_words_are_for_error_messages(tmp_path: Path) -> None:
    log = JsonLog(tmp_path, "orders", "1")
    log.feed(b'first\n{"event": "second"}\nthird\n')
    log.close()
    assert log.last_words(2) == "second; third"
