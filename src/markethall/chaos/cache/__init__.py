"""What front's product cache is worth: buyers who query and perhaps buy, in a shop with it and in one without.

The shops take turns of a few rounds, so that whatever else the machine does meets both alike. At the end every order
is read back, and must be what its buyer was told.
"""

import contextlib
import os
import random
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from markethall.chaos.cache.figures import Latency, failures, latencies
from markethall.chaos.cache.goods import stock_of, topped_up
from markethall.chaos.cache.rounds import Buyer, Trial, Visit
from markethall.chaos.cache.use import Cache, CacheUse, Counts, counts_of, use_between
from markethall.chaos.history import History
from markethall.chaos.workload import CannotStart, Patience
from markethall.chaos.workload.people import Person
from markethall.chaos.workload.wire import Wire

TURN_ROUNDS = 10
WARM_UP_PERCENT = 50


@dataclass(frozen=True)
class Place:
    """A running shop, and who may set its stock."""

    url: str
    admin_email: str
    admin_password: str


@dataclass(frozen=True)
class Plan:
    """`percents`: how likely a buyer who finds a toy in stock buys it. Each gets `rounds` of each client."""

    rounds: int = 200
    clients: int = 5
    percents: tuple[int, ...] = (0, 20, 40, 60, 80)
    seed: int = 1

    @property
    def turns(self) -> list[int]:
        """The rounds of each turn."""
        whole, rest = divmod(self.rounds, TURN_ROUNDS)
        return [TURN_ROUNDS] * whole + [rest] * bool(rest)

    def steps(self, shops: int) -> int:
        return len(self.turns) * len(self.percents) * shops


@dataclass(frozen=True)
class Result:
    """`orders` were answered, and so have to be there. `load`: the machine's load average (1 min), at turns."""

    latencies: list[Latency]
    uses: list[CacheUse]
    orders: int
    read_back: int
    differences: list[str]
    failures: list[str]
    load: list[float]

    @property
    def broken(self) -> list[str]:
        """The promises that were not kept, one line each."""
        found = [] if self.latencies else ["no query was answered"]
        if self.read_back < self.orders:
            found.append(f"{self.orders - self.read_back} orders were not read back: buyers had left")
        return [*found, *self.failures, *self.differences]


async def evaluate(shops: Sequence[Place], slugs: Sequence[str], plan: Plan, step: Callable[[], None]) -> Result:
    """`slugs` are the products that buyers look at; `step` is called `plan.steps` times.

    Raises workload.CannotStart: a product is missing, the admin is refused, or two shops have the same cache.
    """
    async with contextlib.AsyncExitStack() as stack:
        sides = [await stack.enter_async_context(_side(shop, slugs, plan)) for shop in shops]
        if len({side.cache for side in sides}) < len(sides):
            raise CannotStart("the shops do not differ in their cache")
        order = random.Random(plan.seed)
        warm = [side.trial(WARM_UP_PERCENT, "warm") for side in sides]
        for trial in warm:
            await trial.shop(TURN_ROUNDS)
        before = [await side.counts() for side in sides]
        trials = {percent: [side.trial(percent) for side in sides] for percent in plan.percents}
        load = [os.getloadavg()[0]]
        for rounds in plan.turns:
            for trial in _in_turn(trials, order):
                await trial.shop(rounds)
                step()
            load.append(os.getloadavg()[0])
        after = [await side.counts() for side in sides]
        turns = len(plan.turns)
        for turn in range(1, turns + 1):
            for trial in _in_turn(trials, order):
                await trial.read_back(turn, turns)
            load.append(os.getloadavg()[0])
        for trial in warm:
            await trial.read_back(1, 1)
    measured = [trial for pair in trials.values() for trial in pair]
    every = [*warm, *measured]
    return Result(
        latencies=latencies(measured),
        uses=[use_between(*counts) for counts in zip(before, after, strict=True)],
        orders=sum(trial.orders for trial in every),
        read_back=sum(len(trial.lookups) for trial in every),
        differences=[line for trial in every for visit in trial.visits for line in visit.differences],
        failures=failures(every),
        load=load,
    )


def _in_turn(trials: dict[int, list[Trial]], order: random.Random) -> list[Trial]:
    """All of them in an order of its own, the shops next to each other: they are what is compared."""
    percents = order.sample(list(trials), len(trials))
    return [trial for percent in percents for trial in order.sample(trials[percent], len(trials[percent]))]


@dataclass(frozen=True)
class _Side:
    """One of the shops that are compared, with its buyers."""

    cache: Cache
    buyers: list[Buyer]
    slugs: Sequence[str]
    seed: int
    admin: Person
    wire: Wire

    def trial(self, percent: int, name: str = "") -> Trial:
        """The same dice for both shops."""
        run = uuid.uuid4().hex[:8]
        return Trial(
            self.cache,
            percent,
            [
                Visit(
                    buyer,
                    self.slugs,
                    percent,
                    random.Random(f"{self.seed}:{name}{percent}:{buyer.name}"),
                    f"{run}-{percent}-{buyer.name}",
                )
                for buyer in self.buyers
            ],
        )

    async def counts(self) -> Counts:
        return await counts_of(self.wire, self.admin)


@contextlib.asynccontextmanager
async def _side(shop: Place, slugs: Sequence[str], plan: Plan) -> AsyncIterator[_Side]:
    """Buyers, each with a connection of its own, before shelves that are filled again and again."""
    async with contextlib.AsyncExitStack() as stack:
        wires = []
        for _ in range(plan.clients + 1):
            wires.append(Wire(shop.url.rstrip("/"), History(), Patience()))
            stack.push_async_callback(wires[-1].close)
        mine, *theirs = wires
        admin = Person("admin", shop.admin_email, shop.admin_password)
        await admin.sign_in(mine.session, mine.url)
        cache = (await counts_of(mine, admin)).cache
        await stack.enter_async_context(topped_up(mine, admin, await stock_of(mine, slugs)))
        buyers = [Buyer(f"buyer-{number}", wire) for number, wire in enumerate(theirs, 1)]
        yield _Side(cache, buyers, slugs, plan.seed, admin, mine)
