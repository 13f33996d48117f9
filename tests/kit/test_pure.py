"""Ids, cursors, waiters, group commit: the pieces without a server."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markethall.kit.cursors import InvalidCursor, decode_cursor, encode_cursor
from markethall.kit.errors import Unavailable
from markethall.kit.expiry import Expiry
from markethall.kit.group_commit import GroupCommit
from markethall.kit.ids import Derivation, parse_id, random_id
from markethall.kit.waiters import Waiters
from tests.support.machine import eventually

PARTS = st.lists(st.text(max_size=8), min_size=1, max_size=4)


@given(PARTS, PARTS)
def test_derived_ids_are_equal_exactly_for_equal_parts(one: list[str], other: list[str]) -> None:
    derivation = Derivation(b"secret")
    assert (derivation.bytes_of(*one) == derivation.bytes_of(*other)) == (one == other)
    assert derivation.bytes_of(*one) != Derivation(b"another").bytes_of(*one)


def test_a_derived_id_stays_what_it_was_in_former_releases() -> None:
    """A repeat of an old order must find it."""
    derived = UUID(bytes=Derivation(b"secret").bytes_of("guest", "my-first-order"))
    assert derived == UUID("1800ca92-7d73-8a74-9504-39c2469f172c")
    assert derived.version == 8


def test_random_ids_differ_beyond_one_pool() -> None:
    assert len({random_id() for _ in range(10_000)}) == 10_000


@given(st.text(max_size=40))
def test_only_canonical_ids_parse(text: str) -> None:
    parsed = parse_id(text)
    assert parsed is None or str(parsed) == text.lower()


no_nul = st.characters(codec="utf-8", exclude_characters="\0")


@given(st.lists(st.one_of(st.integers(-(2**62), 2**62), st.text(no_nul, max_size=30)), max_size=3))
def test_a_cursor_leads_back_to_its_position(position: list[int | str]) -> None:
    cursor = encode_cursor("products", {"query": "x"}, position)
    assert decode_cursor("products", {"query": "x"}, cursor, tuple(map(type, position))) == position
    for wrong in ("products-by-name", {"query": "x"}), ("products", {"query": "y"}):
        with pytest.raises(InvalidCursor):
            decode_cursor(*wrong, cursor, tuple(map(type, position)))


@pytest.mark.parametrize("made_up", [["nul\0"], [2**63], [1, 2**64 - 1]])
def test_a_cursor_that_the_database_cannot_be_asked_for_is_refused(made_up: list[int | str]) -> None:
    cursor = encode_cursor("products", {}, made_up)
    with pytest.raises(InvalidCursor):
        decode_cursor("products", {}, cursor, tuple(map(type, made_up)))


@given(st.text(max_size=60))
def test_a_cursor_from_elsewhere_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor("products", {}, cursor, (int, str, int))


async def test_a_waiter_hears_what_was_said_before_and_after_it_listened() -> None:
    waiters: Waiters[str] = Waiters(recent=2)
    waiters.tell(b"a", "early")
    with waiters.subscribe(b"a") as subscription:
        assert await subscription.next(1) == "early"
        waiters.tell(b"a", "late")
        assert await subscription.next(1) == "late"
        assert await subscription.next(0.01) is None
    waiters.tell(b"b", "x")
    waiters.tell(b"c", "x")
    assert waiters.latest(b"a") is None


async def test_what_somebody_heard_can_be_left_unremembered() -> None:
    waiters: Waiters[str] = Waiters(only_unheard=True)
    waiters.tell(b"a", "early")
    once = _Once(waiters)
    waiters.listen(b"a", once)
    waiters.tell(b"a", "late")
    assert once.heard == ["late"]
    assert waiters.latest(b"a") is None, "not what was said before it, either"
    waiters.tell(b"a", "again")
    assert waiters.latest(b"a") == "again"
    with waiters.subscribe(b"a"):
        waiters.tell(b"a", "to who goes on listening")
    assert waiters.latest(b"a") == "to who goes on listening"


class _Once:
    """Leaves when it has heard something of `a`."""

    def __init__(self, waiters: Waiters[str]) -> None:
        self._waiters = waiters
        self.heard: list[str] = []

    def put(self, value: str) -> None:
        self.heard.append(value)
        self._waiters.leave(b"a", self)

    def interrupt(self) -> None:
        raise AssertionError("nobody interrupts")


async def test_group_commit_gathers_what_waits_and_keeps_one_batch_in_flight() -> None:
    batches: list[int] = []
    under_way = 0

    async def commit(items: Sequence[int]) -> list[int | Exception]:
        nonlocal under_way
        under_way += 1
        assert under_way == 1
        batches.append(len(items))
        await asyncio.sleep(0)
        under_way -= 1
        return [ValueError(str(i)) if i == 13 else i * 2 for i in items]

    group: GroupCommit[int, int] = GroupCommit(commit, max_batch=100)
    results = await asyncio.gather(*(group.submit(i) for i in range(250)), return_exceptions=True)
    assert [r for r in results if isinstance(r, ValueError)] == [results[13]]
    assert results[:13] == [i * 2 for i in range(13)]
    assert batches == [100, 100, 50]


async def test_group_commit_fails_all_of_a_batch_that_fails_whole() -> None:
    async def commit(items: Sequence[int]) -> list[int | Exception]:
        raise OSError("gone")

    group: GroupCommit[int, int] = GroupCommit(commit)
    results = await asyncio.gather(*(group.submit(i) for i in range(3)), return_exceptions=True)
    assert all(isinstance(result, OSError) for result in results)


async def test_group_commit_is_bounded_and_finishes_what_waits_at_its_end() -> None:
    release = asyncio.Event()

    async def commit(items: Sequence[int]) -> list[int | Exception]:
        await release.wait()
        return list(items)

    group: GroupCommit[int, int] = GroupCommit(commit, max_waiting=1, max_batch=1)
    first = asyncio.create_task(group.submit(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    second = asyncio.create_task(group.submit(2))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await group.submit(3)
    closing = asyncio.create_task(group.close())
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await group.submit(4)
    release.set()
    await closing
    assert (await first, await second) == (1, 2)


async def test_group_commit_answers_many_that_came_together_one_by_one() -> None:
    async def commit(items: Sequence[int]) -> list[int | Exception]:
        return [ValueError(str(i)) if i == 3 else i * 2 for i in items]

    group: GroupCommit[int, int] = GroupCommit(commit, max_batch=4, max_waiting=10)
    results = await group.submit_all(range(12))
    assert [repr(result) for result in results[:5]] == ["0", "2", "4", "ValueError('3')", "8"]
    assert [type(result) for result in results[10:]] == [Unavailable, Unavailable]
    assert await group.submit_all([]) == []


class Patient:
    """Waits for its time to end; `over` from the start, or not."""

    def __init__(self, expired: list[str], name: str, *, over: bool = False) -> None:
        self._expired = expired
        self._name = name
        self._over = over

    def is_over(self) -> bool:
        return self._over

    def expire(self) -> None:
        self._expired.append(self._name)


async def test_only_what_still_waits_expires_and_in_order() -> None:
    expired: list[str] = []
    expiry = Expiry(0.02)
    for patient in (Patient(expired, "a"), Patient(expired, "b", over=True), Patient(expired, "c")):
        expiry.add(patient)
    await eventually(lambda: expired == ["a", "c"])
    expiry.add(Patient(expired, "d"))
    await eventually(lambda: expired == ["a", "c", "d"])


async def test_group_commit_leaves_some_for_the_next_batch() -> None:
    """Where a batch may take a share only, though more wait."""
    batches: list[int] = []

    async def commit(items: Sequence[int]) -> list[int | Exception]:
        batches.append(len(items))
        return list(items)

    group: GroupCommit[int, int] = GroupCommit(commit, most=lambda: 3)
    assert await group.submit_all(range(8)) == list(range(8))
    assert batches == [3, 3, 2]
