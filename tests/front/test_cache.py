"""The cache as a data structure, against a model that knows when each change was announced."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from markethall.front.cache import FRESH_SECONDS, UNTRUSTED_SECONDS, Cache, Fill, Key

SLUGS = ("bear", "kite", "drum")
EVERYTHING = Key("list", "")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def product(slug: str) -> Key:
    return Key("product", slug)


class Unguarded(Cache[int]):
    """Stores whatever comes, as a cache would that thinks only of removal."""

    def _may_store(self, fill: Fill, versions: Mapping[str, int]) -> bool:
        return True


def trusted(capacity: int = 10, kind: type[Cache[int]] = Cache, clock: Clock | None = None) -> Cache[int]:
    cache = kind(capacity, clock=clock or Clock())
    cache.trust()
    return cache


def stale_fill_is_seen(cache: Cache[int]) -> bool:
    """A fetch reads version 1; version 2 is announced; then the fetch ends. Is 1 served afterwards?"""
    fill = cache.begin(product("bear"))
    cache.change("bear", b"id", 2)
    cache.finish(fill, 1, {"bear": 1})
    return cache.find(product("bear")) is not None


def test_a_fill_that_was_overtaken_by_a_change_is_not_stored() -> None:
    assert stale_fill_is_seen(trusted(kind=Unguarded)), "the guard makes the difference"
    assert not stale_fill_is_seen(trusted())


def test_a_fill_from_a_lagging_database_is_not_stored_though_it_began_later() -> None:
    for kind, seen in ((Unguarded, True), (Cache, False)):
        cache = trusted(kind=kind)
        cache.change("bear", b"id", 2)
        fill = cache.begin(EVERYTHING)
        assert cache.finish(fill, 1, {"kite": 9, "bear": 1}) is seen


def test_a_slug_that_another_product_has_taken_over_begins_anew() -> None:
    cache = trusted()
    cache.change("bear", b"old", 9)
    cache.change("bear", b"new", 1)
    assert cache.finish(cache.begin(product("bear")), 1, {"bear": 1})


def test_readers_after_the_change_do_not_share_the_overtaken_fill() -> None:
    cache = trusted()
    fill = cache.begin(product("bear"))
    assert cache.under_way(product("bear")) is fill
    cache.change("bear", b"id", 2)
    assert cache.under_way(product("bear")) is None


def test_any_change_drops_every_list_and_no_other_product() -> None:
    cache = trusted()
    for key in (product("bear"), product("kite"), EVERYTHING, Key("list", "q=1")):
        cache.finish(cache.begin(key), 1, {})
    cache.change("bear", b"id", 2)
    assert cache.find(product("kite")) is not None
    assert [cache.find(key) for key in (product("bear"), EVERYTHING, Key("list", "q=1"))] == [None] * 3


def test_the_least_recently_used_goes_first() -> None:
    cache = trusted(capacity=2)
    for slug in ("bear", "kite"):
        cache.finish(cache.begin(product(slug)), 1, {})
    cache.find(product("bear"))
    cache.finish(cache.begin(product("drum")), 1, {})
    assert [slug for slug in SLUGS if cache.find(product(slug))] == ["bear", "drum"]
    assert len(cache) == 2


def test_no_capacity_keeps_nothing() -> None:
    cache = trusted(capacity=0)
    assert not cache.finish(cache.begin(product("bear")), 1, {})
    assert cache.find(product("bear")) is None


@pytest.mark.parametrize(("announced", "seconds"), [(True, FRESH_SECONDS), (False, UNTRUSTED_SECONDS)])
def test_entries_are_asked_for_again_after_a_while(announced: bool, seconds: float) -> None:
    clock = Clock()
    cache = trusted(clock=clock)
    if not announced:
        cache.distrust()
    cache.finish(cache.begin(product("bear")), 1, {})
    clock.now += seconds * 0.9
    assert cache.find(product("bear")) == (1, True)
    clock.now += seconds * 0.2
    assert cache.find(product("bear")) == (1, False)


@pytest.mark.parametrize("moment", ["lost", "back"])
def test_what_may_have_been_missed_is_not_trusted_but_kept_for_bad_times(moment: str) -> None:
    cache = trusted()
    cache.finish(cache.begin(product("bear")), 1, {})
    fill = cache.begin(product("kite"))
    if moment == "lost":
        cache.distrust()
    else:
        cache.trust()
    assert cache.find(product("bear")) == (1, False)
    assert not cache.finish(fill, 1, {})


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("change"), st.sampled_from(SLUGS)),
        st.tuples(st.just("announce"), st.sampled_from(SLUGS)),
        st.tuples(st.just("begin"), st.sampled_from((*SLUGS, "*"))),
        st.tuples(st.just("read"), st.integers(0, 5)),
        st.tuples(st.just("finish"), st.integers(0, 5)),
        st.tuples(st.just("find"), st.sampled_from((*SLUGS, "*"))),
        st.tuples(st.just("lose"), st.just("")),
        st.tuples(st.just("regain"), st.just("")),
    ),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(steps=STEPS, capacity=st.integers(1, 4))
def test_a_trusted_hit_is_never_older_than_what_was_announced(steps: list[tuple[str, object]], capacity: int) -> None:
    """Fetches read the truth at any moment between their begin and end; changes are announced when they like."""
    cache: Cache[dict[str, int]] = Cache(capacity, clock=Clock())
    cache.trust()
    truth, announced = dict.fromkeys(SLUGS, 1), dict.fromkeys(SLUGS, 1)
    fills: list[tuple[Fill, dict[str, int]]] = []
    listening = True
    for step, argument in steps:
        match step, argument:
            case "change", str(slug):
                truth[slug] += 1
            case "announce", str(slug) if listening:
                announced[slug] = truth[slug]
                cache.change(slug, b"id", truth[slug])
            case "begin", str(name):
                fills.append((cache.begin(key_of(name)), dict(truth)))
            case "read", int(index) if index < len(fills):
                fills[index] = (fills[index][0], dict(truth))
            case "finish", int(index) if index < len(fills):
                fill, value = fills.pop(index)
                shown = value if fill.key.kind == "list" else {fill.key.name: value[fill.key.name]}
                cache.finish(fill, shown, shown)
            case "find", str(name):
                found = cache.find(key_of(name))
                if found is not None and found.fresh:
                    assert all(version >= announced[slug] for slug, version in found.value.items())
            case "lose", _:
                listening = False
                cache.distrust()
            case "regain", _ if not listening:
                listening = True
                announced.update(truth)
                cache.trust()
        assert len(cache) <= capacity


def key_of(name: str) -> Key:
    return EVERYTHING if name == "*" else product(name)
