"""Short runs of what can go wrong, seeded, with the judges at their end.

Runs: a shop with two replicas of each service, three bus nodes, two synchronous standbys and a link in every
connection; buyers, readers and a shopkeeper; a fault every few seconds, none before the last one is healed: of every
kind; of the network; of clocks. The seeds are printed.
Success: no judge finds anything; a failing run prints its seed and the shortest history.
"""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from markethall.chaos.judges import judge
from markethall.chaos.run import Plan, run
from markethall.chaos.target import Target
from markethall.cli.chaos_screen import Lines, conclusion
from tests.conftest import TOLD_AT_THE_END
from tests.support.shop import Shop, running_shop

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]

SECONDS = 30.0
RATE = 20.0
EVERY_SECONDS = 4.0
WIDE = ("--links", "--bus-nodes", "3", "--read-replicas", "2", "--synchronous")
REPLICAS = ",".join(f"{name}=2" for name in ("front", "catalog", "inventory", "orders", "accounts"))


@pytest.fixture(scope="module")
def chaotic_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    data = Path(tmp_path_factory.mktemp("chaos")) / "data"
    with running_shop(data, "--no-demo", *WIDE, "--replicas", REPLICAS) as shop:
        yield shop


@pytest.mark.parametrize(
    ("seed", "faults"),
    [
        pytest.param(1, None, id="everything"),
        pytest.param(2, ["link-slow", "link-cut", "link-silent", "link-half-open"], id="network"),
        pytest.param(3, ["clock"], id="clocks"),
    ],
)
async def test_every_rule_is_kept(
    chaotic_shop: Shop, seed: int, faults: list[str] | None, record_property: Callable[[str, object], None]
) -> None:
    target = await asyncio.to_thread(Target, chaotic_shop.data)
    result = await run(target, Plan(seed, SECONDS, RATE, EVERY_SECONDS, faults), judge, Lines())
    history = chaotic_shop.data / f"seed-{seed}.jsonl"
    result.history.write(history)
    record_property(TOLD_AT_THE_END, "\n".join(conclusion(seed, result, history)))
    assert result.hits, "nothing was hit"
    assert result.verdict.is_clean, f"seed {seed}:\n{result.verdict}"
