"""People sign in while others browse: how much of what argon2id allows, and what it does to those who only look."""

from collections.abc import Mapping
from dataclasses import dataclass

from markethall.bench import bare_argon2id
from markethall.bench.case import Facts, Outcome, Ready
from markethall.bench.goods import products
from markethall.bench.load import steady
from markethall.bench.load.pace import FEW, Pace
from markethall.bench.load.requests import request
from markethall.bench.load.seen import Seen
from markethall.bench.people import registered
from markethall.bench.subject import Subject
from markethall.local.supervisor import together

BROWSED = 50
BARE_SECONDS = 1.0


@dataclass(frozen=True)
class SignIn:
    """`browsing` reads of products a second, first alone, for half as long, and then beside the sign-ins.

    Before each round, when nothing else runs, the machine shows what argon2id alone allows.
    """

    pace: Pace = FEW
    people: int = 32
    browsing: float = 200.0
    unit: str = "sign-ins"
    route: tuple[str, str] = ("POST", "/api/sessions")

    @property
    def settings(self) -> Mapping[str, str]:
        return {}

    async def prepare(self, subject: Subject) -> Ready:
        goods = await products(subject, BROWSED)
        reads = [request("GET", f"{subject.address}/api/products/{slug}") for slug in goods.slugs]
        requests = [
            request(
                "POST",
                f"{subject.address}/api/sessions",
                body={"email": person.email, "password": person.password},
            )
            for person in await registered(subject, self.people)
        ]
        browsed: dict[str, Seen] = {}
        bare = 0.0

        async def before() -> None:
            nonlocal bare
            bare = await bare_argon2id.rate(BARE_SECONDS)

        async def browse(when: str, seconds: float) -> None:
            browsed[when] = await steady.run(subject.address, reads, rate=self.browsing, seconds=seconds)

        async def load(seconds: float) -> Seen:
            await browse("alone", max(1.0, seconds / 2))
            async with together() as group:
                group.create_task(browse("meanwhile", seconds))
                signing = group.create_task(self.pace.load(subject, requests, seconds))
            return signing.result()

        def judge(seen: Seen, facts: Facts) -> Outcome:
            done = seen.answers - seen.refused
            more = {
                "of_bare_percent": round(100 * done / seen.seconds / bare, 1),
                "bare_argon2id_rate": round(bare, 3),
            }
            more |= {
                f"browsing_{name}_{when}_ms": browsed[when].latencies_ms[name]
                for name in ("p50", "p99")
                for when in ("alone", "meanwhile")
                if browsed[when].latencies_ms
            }
            failed = sum(each.broken + each.refused for each in browsed.values())
            violations = (f"{failed} reads failed meanwhile",) if failed else ()
            return Outcome(done, max(done, facts.statuses.get("201", 0)), more=more, violations=violations)

        return Ready(load, judge, before)
