"""What can be bought now: a copy, for display, of inventory's numbers, kept up by what it announces.

Numbers carry the version of their row: a newer one is never replaced by an older one, in
whatever order announcements and answers come.
"""

from collections.abc import Iterable, Mapping, Sequence
from time import monotonic, time

import msgspec
import structlog

from markethall.contracts.internal import AVAILABILITY_PATH, AvailabilityAnswer, AvailabilityRequest
from markethall.contracts.messages import Pulse, StockChanged
from markethall.kit.balancing import Balancer, ServiceUnavailable
from markethall.kit.errors import Unavailable
from markethall.kit.group_commit import GroupCommit

log = structlog.get_logger(__name__)

MAX_KNOWN = 200_000
UNTRUSTED_SECONDS = 0.2
"""While the bus is away and nothing is announced, numbers are asked for again after this long."""
UNKNOWN_SECONDS = 0.5
"""How long it is believed that inventory does not know a SKU, or does not answer."""
PULSE_SECONDS = 0.25
"""Without a sign of life for this long, "sold out" is not taken from here."""
DEADLINE_SECONDS = 0.8
ATTEMPT_SECONDS = 0.4
MAX_ASKED_AT_ONCE = 5_000

_answers = msgspec.msgpack.Decoder(AvailabilityAnswer)


class Availability:
    """SKU → available. `generation` rises with each change: what was composed at the same one is still right."""

    def __init__(self, balancer: Balancer) -> None:
        self._balancer = balancer
        self._known: dict[str, tuple[int, int]] = {}
        self._unknown_until: dict[str, float] = {}
        self._silent_until = 0.0
        self._trusted = False
        self._epoch = 0
        self._emptied = 0.0
        self.generation = 0
        self._pulse_heard = float("-inf")
        self._asking = GroupCommit[Sequence[str], None](self._ask, max_batch=50, max_waiting=5_000)
        self._asking_past = GroupCommit[Sequence[str], Mapping[str, int]](
            self._ask_past, max_batch=100, max_waiting=5_000, at_once=2
        )

    def refresh(self) -> None:
        """Before a look: forget what nobody keeps up, once it is too old to be shown."""
        if not self._trusted and monotonic() - self._emptied > UNTRUSTED_SECONDS:
            self._empty()

    def of(self, sku: str) -> int | None:
        """None: not known just now."""
        known = self._known.get(sku)
        return known[0] if known is not None else None

    def total(self, skus: Sequence[str]) -> int | None:
        """The sum, if all of them are known."""
        total = 0
        for sku in skus:
            known = self._known.get(sku)
            if known is None:
                return None
            total += known[0]
        return total

    async def learn(self, skus: Iterable[str]) -> None:
        """Ask inventory for those that are not known. Without an answer they stay unknown."""
        now = monotonic()
        missing = [
            sku for sku in skus if sku not in self._known and not now < self._unknown_until.get(sku, float("-inf"))
        ]
        if not missing or now < self._silent_until:
            return
        try:
            await self._asking.submit(missing)
        except Unavailable as error:
            self._silent_until = monotonic() + UNKNOWN_SECONDS
            log.info("availability not known", reason=str(error))

    async def ask(self, skus: Sequence[str]) -> Mapping[str, int]:
        """What inventory says from now on, past the copy; of other SKUs, too. Empty if it does not answer."""
        try:
            return await self._asking_past.submit(skus)
        except Unavailable:
            return {}

    # What is announced

    def hear_change(self, changed: StockChanged) -> None:
        self._take(changed.skus, changed.available, changed.versions)

    def hear_pulse(self, pulse: Pulse) -> None:
        """A sign of life counts from when it was given: those that were held up on the way count for nothing.

        Clocks of machines are taken to differ by less than the time a pulse is good for.
        """
        age = time() - pulse.at / 1_000_000
        if abs(age) < PULSE_SECONDS:
            self._pulse_heard = max(self._pulse_heard, monotonic() - max(age, 0.0))

    def sold_out(self, skus: Iterable[str]) -> Sequence[int | None] | None:
        """The numbers of all, where one of them is surely sold out, by a copy that is surely kept up."""
        if not self._trusted or monotonic() - self._pulse_heard > PULSE_SECONDS:
            return None
        numbers = [self.of(sku) for sku in skus]
        return numbers if 0 in numbers else None

    def trust(self) -> None:
        """From now on changes are heard."""
        self._trusted = True
        self._epoch += 1
        self._empty()

    def distrust(self) -> None:
        """From now on changes may go unheard."""
        self._trusted = False
        self._epoch += 1
        self._empty()

    def _empty(self) -> None:
        self._known.clear()
        self._unknown_until.clear()
        self._emptied = monotonic()
        self.generation += 1

    def _take(self, skus: Sequence[str], available: Sequence[int], versions: Sequence[int]) -> None:
        known = self._known
        for sku, number, version in zip(skus, available, versions, strict=True):
            before = known.get(sku)
            if before is not None and before[1] >= version:
                continue
            if before is None and len(known) >= MAX_KNOWN:
                del known[next(iter(known))]
            known[sku] = (number, version)
            self.generation += 1

    async def _ask(self, groups: Sequence[Sequence[str]]) -> Sequence[None]:
        skus = list(dict.fromkeys(sku for group in groups for sku in group))
        for part in _parts(skus):
            epoch = self._epoch
            answer = await self._request(part)
            # Where changes went unheard since it was asked, the number may be an old one.
            if epoch == self._epoch:
                self._take(answer.skus, answer.available, answer.versions)
                self._note_unknown(set(part).difference(answer.skus))
        return [None] * len(groups)

    async def _ask_past(self, groups: Sequence[Sequence[str]]) -> Sequence[Mapping[str, int]]:
        skus = list(dict.fromkeys(sku for group in groups for sku in group))
        numbers: dict[str, int] = {}
        for part in _parts(skus):
            answer = await self._request(part)
            numbers.update(zip(answer.skus, answer.available, strict=True))
        return [numbers] * len(groups)

    def _note_unknown(self, skus: Iterable[str]) -> None:
        if len(self._unknown_until) > MAX_KNOWN:
            self._unknown_until.clear()
        until = monotonic() + UNKNOWN_SECONDS
        self._unknown_until.update(dict.fromkeys(skus, until))

    async def _request(self, skus: Sequence[str]) -> AvailabilityAnswer:
        if not self._balancer.replicas("inventory"):
            raise ServiceUnavailable("No inventory to ask.")
        answer = await self._balancer.request(
            "inventory",
            "POST",
            AVAILABILITY_PATH,
            headers={"content-type": "application/msgpack"},
            body=msgspec.msgpack.encode(AvailabilityRequest(list(skus))),
            repeatable=True,
            deadline_seconds=DEADLINE_SECONDS,
            attempt_seconds=ATTEMPT_SECONDS,
        )
        if answer.status != 200:
            raise ServiceUnavailable(f"Inventory answered {answer.status}.")
        try:
            return _answers.decode(answer.body)
        except msgspec.MsgspecError as error:
            raise ServiceUnavailable("Inventory's answer cannot be read.") from error


def _parts(skus: Sequence[str]) -> Iterable[Sequence[str]]:
    return (skus[start : start + MAX_ASKED_AT_ONCE] for start in range(0, len(skus), MAX_ASKED_AT_ONCE))
