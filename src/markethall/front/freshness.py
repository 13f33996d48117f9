"""How new what catalog answers has to be: nobody who has heard of a change is shown what was before it."""

from collections.abc import Mapping

from markethall.contracts.internal import NEWEST, READ_AT_LEAST, WRITTEN_AT


class Freshness:
    """The greatest position in catalog's log that this front has heard of, from the bus or in answers.

    As long as it may have missed something it asks for the newest: before it hears the bus, while the
    connection is lost, and after that until an answer tells where the log stands by now.
    """

    def __init__(self) -> None:
        self._greatest = 0
        self._epoch = 0
        self._trusted = False
        self._known = False

    @property
    def epoch(self) -> int:
        """To be noted before a request, for `learn`."""
        return self._epoch

    def trust(self) -> None:
        """From now on every change is heard of."""
        self._epoch += 1
        self._trusted, self._known = True, False

    def distrust(self) -> None:
        self._epoch += 1
        self._trusted = self._known = False

    def demand(self) -> dict[str, str]:
        """The header of a request to catalog."""
        return {READ_AT_LEAST: str(self._greatest) if self._known else NEWEST}

    def hear(self, position: str | None) -> None:
        """Of a change, whose message says where in the log it is; None: it does not."""
        if position is not None and position.isascii() and position.isdigit():
            self._greatest = max(self._greatest, int(position))
        else:
            self._epoch += 1
            self._known = False

    def learn(self, epoch: int, headers: Mapping[str, str]) -> None:
        """From an answer to a request that was sent in `epoch`."""
        position = headers.get(WRITTEN_AT)
        if position is None:
            return
        self.hear(position)
        if position.isdigit() and self._trusted and epoch == self._epoch:
            self._known = True
