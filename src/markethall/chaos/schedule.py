"""Which fault hits what, and when: a pure function of a seed and of what can be hit."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

SHORTEST_HOLD_SHARE, LONGEST_HOLD_SHARE = 0.2, 0.7
"""Of the time between two faults: a fault is over before the next one comes, because any ONE part may die."""


@dataclass(frozen=True)
class Hit:
    """`at` is in seconds since the first buyer; `hold_seconds` is how long a fault lasts that has to be healed."""

    number: int
    at: float
    fault: str
    spot: str
    hold_seconds: float
    seed: str

    def dice(self) -> random.Random:
        """For what the fault itself leaves to chance."""
        return random.Random(self.seed)


def schedule(seed: int, offers: Mapping[str, Sequence[str]], seconds: float, every_seconds: float) -> Iterator[Hit]:
    """One hit every `every_seconds`, the first after as long. `offers` are the spots that each fault can hit.

    The n-th hit depends on the seed, on n and on the offers, and on nothing else: a run that ends sooner
    sees the beginning of the same.
    """
    faults = sorted(fault for fault, spots in offers.items() if spots)
    if not faults:
        return
    number = 1
    while number * every_seconds < seconds:
        dice = random.Random(f"{seed}:{number}")
        fault = dice.choice(faults)
        yield Hit(
            number,
            number * every_seconds,
            fault,
            dice.choice(sorted(offers[fault])),
            every_seconds * dice.uniform(SHORTEST_HOLD_SHARE, LONGEST_HOLD_SHARE),
            f"{seed}:{number}:{fault}",
        )
        number += 1
