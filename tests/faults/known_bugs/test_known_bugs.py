"""Each bug that was seen in the field is put back, provoked, and caught by the judge that is there for it.

The same buyers and the same fault at a shop without the bug break no rule: so each test can fail both ways.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from markethall.chaos.judges import Verdict, judge
from markethall.chaos.workload import Workload
from markethall.local.shop import LocalShop
from tests.faults.known_bugs.scenarios import SCENARIOS, STANDBY, Scenario
from tests.support.shop import Shop, running_shop

HERE = Path(__file__).parent
SWITCH = HERE / "switch"
REPLICAS = ("--no-demo", "--replicas", "inventory=2")
SEED = 7

pytestmark = pytest.mark.timeout(240)
each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.bug for scenario in SCENARIOS])


@pytest.fixture(scope="module")
def sound_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with running_shop(tmp_path_factory.mktemp("sound") / "data", *REPLICAS, *STANDBY) as shop:
        yield shop


@each_scenario
async def test_the_bug_is_caught(scenario: Scenario, tmp_path: Path) -> None:
    environment = {"PYTHONPATH": str(SWITCH), "KNOWN_BUG": scenario.bug}
    with running_shop(tmp_path / "data", *REPLICAS, *scenario.arguments, environment=environment) as shop:
        await take_guards_away(shop, scenario.bug)
        verdict = await run(scenario, shop)
    assert verdict.rules() & scenario.rules, f"{scenario.rules} should be broken, and these are: {verdict}"
    caught = next(one for one in verdict.violations if one.rule in scenario.rules)
    print("\n".join(caught.lines()))


@each_scenario
async def test_without_the_bug_the_same_run_breaks_no_rule(scenario: Scenario, sound_shop: Shop) -> None:
    verdict = await run(scenario, sound_shop)
    assert verdict.is_clean, str(verdict)


def test_each_bug_has_a_scenario_and_a_line_in_the_table() -> None:
    bugs = {path.stem for path in (HERE / "bugs").glob("*.py")} - {"__init__"}
    assert bugs == {scenario.bug for scenario in SCENARIOS}
    assert all(f"(bugs/{bug}.py)" in (HERE / "README.md").read_text() for bug in bugs)


async def run(scenario: Scenario, shop: Shop) -> Verdict:
    """The buyers and the fault, then the judges."""
    async with Workload(
        shop.url, shop.admin_email, shop.admin_password, seed=SEED, rate=scenario.rate, mix=scenario.mix, users=1
    ) as workload:
        await scenario.provoke(shop, workload)
        await workload.stop()
    return await judge(workload.history, LocalShop(shop.data), quiet_seconds=scenario.quiet_seconds)


async def take_guards_away(shop: Shop, bug: str) -> None:
    """What stands behind the code in the database, and would turn the bug into an error."""
    sys.path.insert(0, str(HERE / "bugs"))
    try:
        guards: dict[str, str] = __import__(bug).GUARDS
    finally:
        sys.path.pop(0)
    for database, statement in guards.items():
        connection = await asyncpg.connect(LocalShop(shop.data).dsn(database), timeout=10)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
