"""Replicas of two releases run side by side while a shop is upgraded: each must understand the other."""

import base64
import importlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from markethall.contracts import internal, messages, public
from tests.contracts.examples import example, kinds

HERE = Path(__file__).parent
RELEASES = sorted(path.name for path in HERE.glob("release_*"))
TODAY: dict[str, type[msgspec.Struct]] = {**kinds(messages), **kinds(internal), **kinds(public)}


def recorded_kinds(release: str) -> dict[str, type[msgspec.Struct]]:
    modules = [
        importlib.import_module(f"tests.contracts.{release}.{name}") for name in ("messages", "internal", "public")
    ]
    return {name: kind for module in modules for name, kind in kinds(module).items()}


RECORDED = [(release, name, kind) for release in RELEASES for name, kind in recorded_kinds(release).items()]
every_recorded_kind = pytest.mark.parametrize(
    ("release", "name", "former"), RECORDED, ids=[f"{release}-{name}" for release, name, _ in RECORDED]
)


def recorded_bytes(release: str, name: str) -> bytes:
    return base64.b64decode(json.loads((HERE / release / "recorded.json").read_text())[name])


def test_there_is_something_to_hold_to() -> None:
    assert len(RECORDED) > 30


@every_recorded_kind
def test_a_message_of_a_former_release_is_understood(release: str, name: str, former: type[msgspec.Struct]) -> None:
    payload = recorded_bytes(release, name)
    understood = msgspec.to_builtins(msgspec.msgpack.decode(payload, type=TODAY[name]))
    assert_holds(understood, msgspec.to_builtins(msgspec.msgpack.decode(payload, type=former)))


@every_recorded_kind
def test_a_message_of_today_is_understood_by_a_former_release(
    release: str, name: str, former: type[msgspec.Struct]
) -> None:
    """With every field filled that has come since."""
    sent = example(TODAY[name])
    understood = msgspec.msgpack.decode(msgspec.msgpack.encode(sent), type=former)
    assert_holds(msgspec.to_builtins(sent), msgspec.to_builtins(understood))


@every_recorded_kind
def test_a_field_of_tomorrow_is_passed_over(release: str, name: str, former: type[msgspec.Struct]) -> None:
    if former.__struct_config__.forbid_unknown_fields:
        assert not grown(former, TODAY[name]), f"{name} can never grow: whoever reads it refuses what it does not know"
        return
    fields = msgspec.to_builtins(example(TODAY[name]), builtin_types=(bytes,)) | {"field_of_tomorrow": 1}
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(fields), type=TODAY[name]) == example(TODAY[name])


@every_recorded_kind
def test_no_field_goes_and_new_ones_have_defaults(release: str, name: str, former: type[msgspec.Struct]) -> None:
    before, now = fields_of(former), fields_of(TODAY[name])
    assert set(before) <= set(now)
    for field in grown(former, TODAY[name]):
        assert not now[field].required, f"{name}.{field} has come without a default"
    for field, was in before.items():
        assert was.required or not now[field].required, f"{name}.{field} was optional: some senders leave it out"


class Renamed(msgspec.Struct):
    """`StockReleased`, with a field under another name."""

    ids: list[bytes]
    at: list[int]


class Demanding(msgspec.Struct):
    """`StockReleased`, with a new field that every sender must fill."""

    order_ids: list[bytes]
    at: list[int]
    reason: str


@pytest.mark.parametrize("changed", [Renamed, Demanding])
def test_a_change_that_breaks_the_rule_is_caught(changed: type[msgspec.Struct]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(recorded_bytes("release_0_1", "StockReleased"), type=changed)
    before, now = fields_of(messages.StockReleased), fields_of(changed)
    assert not set(before) <= set(now) or any(now[field].required for field in set(now) - set(before))


def fields_of(kind: type[msgspec.Struct]) -> dict[str, inspect.Field]:
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)
    return {field.encode_name: field for field in described.fields}


def grown(former: type[msgspec.Struct], today: type[msgspec.Struct]) -> set[str]:
    return set(fields_of(today)) - set(fields_of(former))


def assert_holds(whole: Any, part: Any) -> None:
    """All that `part` says, `whole` says too; fields that only one of them knows aside."""
    if isinstance(part, dict) and isinstance(whole, dict):
        for name in part.keys() & whole.keys():
            assert_holds(whole[name], part[name])
    elif isinstance(part, list):
        assert len(whole) == len(part)
        for one, other in zip(whole, part, strict=True):
            assert_holds(one, other)
    else:
        assert whole == part
