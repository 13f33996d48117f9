"""The product cache as a data structure: least recently used goes first, and nothing old gets in.

Two guards keep an old answer out. One is the fill's own: an invalidation that comes while it
is under way marks it, and sends later readers to a fill of their own. The other is a memory of
versions: an answer made from a row older than one that was announced (a read replica lags) is
not stored, whenever its fill began. What is not stored may still be served to whoever asked
before the change was announced.

When news may have been missed, entries are no longer trusted. They stay, to be served and named
stale while catalog cannot be asked.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from time import monotonic
from typing import Generic, NamedTuple, TypeVar

Value = TypeVar("Value")

FRESH_SECONDS = 60.0
"""Trusted entries are asked for again after this long, in case news was lost without a trace."""
UNTRUSTED_SECONDS = 0.2
"""The same while the bus is away and nothing is announced."""
MIN_REMEMBERED = 10_000


class Key(NamedTuple):
    """`kind` is "product" or "list"; `name` its slug, or its query."""

    kind: str
    name: str


class Fill:
    """An answer that is being fetched. `outdated`: a change was announced meanwhile."""

    __slots__ = ("key", "outdated")

    def __init__(self, key: Key) -> None:
        self.key = key
        self.outdated = False


class _Entry(Generic[Value]):
    __slots__ = ("epoch", "fresh_until", "value")

    def __init__(self, value: Value, fresh_until: float, epoch: int) -> None:
        self.value = value
        self.fresh_until = fresh_until
        self.epoch = epoch


class Found(NamedTuple, Generic[Value]):
    """An entry. Not fresh: to be fetched again, and served only if that fails."""

    value: Value
    fresh: bool


class Cache(Generic[Value]):
    """At most `capacity` entries; 0 keeps nothing."""

    def __init__(self, capacity: int, *, clock: Callable[[], float] = monotonic) -> None:
        self._capacity = capacity
        self._clock = clock
        self._entries: OrderedDict[Key, _Entry[Value]] = OrderedDict()
        self._lists: set[Key] = set()
        self._fills: dict[Key, Fill] = {}
        self._announced: OrderedDict[str, tuple[Hashable, int]] = OrderedDict()
        self._remembered = max(MIN_REMEMBERED, 2 * capacity)
        self._epoch = 0
        self._trusted = False

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, key: Key) -> Found[Value] | None:
        """The entry, which thereby becomes the most recently used."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return Found(entry.value, entry.epoch == self._epoch and self._clock() < entry.fresh_until)

    def under_way(self, key: Key) -> Fill | None:
        """The fill that a reader of now may share."""
        return self._fills.get(key)

    def begin(self, key: Key) -> Fill:
        """A fill begins, in place of any that is under way."""
        fill = self._fills[key] = Fill(key)
        return fill

    def finish(self, fill: Fill, value: Value, versions: Mapping[str, int]) -> bool:
        """Store an answer unless it may be old; whether it was stored.

        `versions`: slug → version of each product that the answer shows.
        """
        self.abandon(fill)
        if self._capacity == 0 or not self._may_store(fill, versions):
            return False
        lifetime = FRESH_SECONDS if self._trusted else UNTRUSTED_SECONDS
        self._entries[fill.key] = _Entry(value, self._clock() + lifetime, self._epoch)
        self._entries.move_to_end(fill.key)
        if fill.key.kind == "list":
            self._lists.add(fill.key)
        if len(self._entries) > self._capacity:
            oldest, _ = self._entries.popitem(last=False)
            self._lists.discard(oldest)
        return True

    def abandon(self, fill: Fill) -> None:
        """The fill is over, with or without an answer."""
        if self._fills.get(fill.key) is fill:
            del self._fills[fill.key]

    def change(self, slug: str, product_id: Hashable, version: int) -> None:
        """A product is at `version` now."""
        known = self._announced.get(slug)
        if known is None or known[0] != product_id or known[1] < version:
            self._announced[slug] = (product_id, version)
            self._announced.move_to_end(slug)
            if len(self._announced) > self._remembered:
                self._announced.popitem(last=False)
        self.drop(Key("product", slug))
        self.drop_lists()

    def drop(self, key: Key) -> None:
        """Remove an entry; a fill of it that is under way is not stored."""
        self._entries.pop(key, None)
        self._lists.discard(key)
        self._outdate(key)

    def drop_lists(self) -> None:
        """Remove all lists: any of them may show what has changed, or lack it."""
        for key in self._lists:
            self._entries.pop(key, None)
        self._lists.clear()
        for key in [key for key in self._fills if key.kind == "list"]:
            self._outdate(key)

    def distrust(self) -> None:
        """From now on changes may go unheard."""
        self._trusted = False
        self._start_anew()

    def trust(self) -> None:
        """From now on changes are heard; what was stored so far may have been missed."""
        self._trusted = True
        self._start_anew()

    def _start_anew(self) -> None:
        self._epoch += 1
        for key in list(self._fills):
            self._outdate(key)

    def _outdate(self, key: Key) -> None:
        fill = self._fills.pop(key, None)
        if fill is not None:
            fill.outdated = True

    def _may_store(self, fill: Fill, versions: Mapping[str, int]) -> bool:
        if fill.outdated:
            return False
        announced = self._announced
        return all(slug not in announced or announced[slug][1] <= version for slug, version in versions.items())
