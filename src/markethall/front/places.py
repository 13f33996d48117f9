"""How many orders may be under way at once: as many as the shop brings to their end soon, by its own measure.

A queue that is longer serves nobody faster: all in it only wait longer, at the same rate.
"""

from collections.abc import Callable
from time import monotonic

from markethall.kit.errors import Unavailable

LONG_SECONDS = 0.5
"""An order that waits longer than this to be accepted is one of too many. For so long the shop's speed is counted."""
SOON_SECONDS = 0.25
"""For how long each is under way while there are too many. The fewer there are at once, the less memory front walks
through: each costs it less."""
LEAST = 1_000
"""Two batches, so that they stay full and cheap however slow the shop is; and what comes to a shop that is not busy in
the seconds in which a replica of orders is found to be dead."""


class TooBusy(Unavailable):
    """More orders come in than the shop can take."""

    code = "too_busy"
    title = "The shop has more orders than it can take just now"

    def __init__(self, *, retry_after_seconds: int = 1) -> None:
        super().__init__(
            "Too many orders are waiting; a retry with the same key is safe.", retry_after_seconds=retry_after_seconds
        )


class Places:
    """One for each order under way, `most` in all, of one front.

    While orders wait longer than `LONG_SECONDS`, or somebody is turned away, the limit is what comes to its end in
    `SOON_SECONDS`: by Little's law that is how long each is under way then. Otherwise it is `most`: a crowd that comes
    at once into a calm shop is taken whole.
    """

    def __init__(self, most: int, *, clock: Callable[[], float] = monotonic) -> None:
        self._most = most
        self._clock = clock
        self._limit = most
        self._taken = 0
        self._given_back = 0
        self._was_pressed = False
        """Whether somebody was turned away, or waited long, since `_since`; from then on `_given_back` counts, too."""
        self._since = clock()

    @property
    def taken(self) -> int:
        return self._taken

    def are_short(self) -> bool:
        """Whether who comes now is to be turned away; to be asked for each who comes, and then done."""
        now = self._clock()
        if now - self._since >= LONG_SECONDS:
            self._set_limit(now)
        if self._taken < self._limit:
            return False
        self._was_pressed = True
        return True

    def take(self) -> None:
        """
        Raises:
            TooBusy: none is free.
        """
        if self.are_short():
            raise TooBusy()
        self._taken += 1

    def accepted(self, waited_seconds: float) -> None:
        """An order that has a place was accepted after so long; it keeps the place until its outcome."""
        if waited_seconds > LONG_SECONDS:
            self._was_pressed = True

    def give_back(self) -> None:
        self._taken -= 1
        self._given_back += 1

    def _set_limit(self, now: float) -> None:
        soon = int(self._given_back * SOON_SECONDS / (now - self._since))
        # Nobody under way: the crowd that pressed has gone, however long ago.
        is_pressed = self._was_pressed and self._taken > 0
        self._limit = min(max(soon, LEAST), self._most) if is_pressed else self._most
        self._given_back, self._was_pressed, self._since = 0, False, now
