"""The long run: what the shop promises, under all that can happen to it, for five minutes and three seeds.

Runs: two replicas of each service, three bus nodes, two synchronous standbys, a link in every connection;
200 orders a second, a fault every five seconds. By `scripts/test --faults-long`; the machine should do nothing else.
Success: no judge finds anything, and fewer than 1 in 1,000 calls end, after all retries, without success or
a definite word about the goods.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from markethall.chaos.judges import judge
from markethall.chaos.run import Plan, run
from markethall.chaos.target import Target
from markethall.cli.chaos_screen import Lines, conclusion
from tests.conftest import TOLD_AT_THE_END
from tests.faults.test_chaos_short import REPLICAS, WIDE
from tests.support.shop import running_shop

pytestmark = [pytest.mark.journey, pytest.mark.long, pytest.mark.timeout(1800)]

SECONDS = 300.0
RATE = 200.0
NOT_SERVED_SHARE = 0.001


@pytest.mark.parametrize("seed", [7, 8, 9])
async def test_any_part_may_die(tmp_path: Path, seed: int, record_property: Callable[[str, object], None]) -> None:
    with running_shop(tmp_path / "data", "--no-demo", *WIDE, "--replicas", REPLICAS) as shop:
        target = await asyncio.to_thread(Target, shop.data)
        result = await run(target, Plan(seed, SECONDS, RATE), judge, Lines())
        history = tmp_path / f"seed-{seed}.jsonl"
        result.history.write(history)
        record_property(TOLD_AT_THE_END, "\n".join(conclusion(seed, result, history)))
    assert result.verdict.is_clean, f"seed {seed}:\n{result.verdict}"
    assert result.verdict.figures["not_served_share"] < NOT_SERVED_SHARE
