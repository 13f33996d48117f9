"""The floor of the database: the statements of the order path, batched as the shop batches them, by `pgbench`.

Nothing else happens: no HTTP, no bus, nobody who waits. What is slower than this is the shop's own work.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from time import monotonic

import asyncpg
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.schema import CreateSchema

from markethall.bench.case import Facts, Outcome, Ready
from markethall.bench.errors import CannotMeasure
from markethall.bench.load.program import run_to_its_end
from markethall.bench.load.seen import Seen
from markethall.bench.peers.running import database_beside
from markethall.bench.subject import Subject
from markethall.inventory.tables import metadata as keeping
from markethall.local.postgres import environment
from markethall.local.postgres_files import installed
from markethall.orders.tables import metadata as selling

END_SECONDS = 60.0
PLENTY = 10**12
PLANNER = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
"""As the services set it: what is planned on empty tables stays good when they are full."""
_BATCHES = re.compile(r"^number of transactions actually processed: (\d+)", re.MULTILINE)
_FAILED = re.compile(r"^number of failed transactions: (\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Batched:
    """`batch` orders a batch; `clients` batches under way at once: the shop's three stages overlap."""

    batch: int = 100
    clients: int = 2
    unit: str = "orders"
    route: tuple[str, str] = ("", "")

    @classmethod
    def of_buyers(cls, count: int, batch: int) -> "Batched":
        """So many orders under way, in batches of `batch` at most."""
        return cls(1, 1) if count == 1 else cls(min(batch, count // 2))

    @property
    def settings(self) -> Mapping[str, str]:
        return {}

    async def prepare(self, subject: Subject) -> Ready:
        dsn = await database_beside(subject)
        await _tables(dsn)

        async def load(seconds: float) -> Seen:
            return await self._run(dsn, seconds)

        def judge(seen: Seen, facts: Facts) -> Outcome:
            return Outcome(seen.answers, seen.answers)

        return Ready(load, judge, services=frozenset({"postgres"}))

    async def _run(self, dsn: str, seconds: float) -> Seen:
        """Raises CannotMeasure."""
        program = installed() / "bin" / "pgbench"
        if not program.is_file():
            raise CannotMeasure("pgbench is not there: PostgreSQL was installed without it")
        began = monotonic()
        with as_file(files("markethall.bench.peers") / "batched.sql") as script:
            told, cpu_seconds = await run_to_its_end(
                [
                    *(str(program), "--no-vacuum", "--protocol=prepared", f"--client={self.clients}"),
                    *(f"--time={max(1, round(seconds))}", f"--define=batch={self.batch}", f"--file={script}", dsn),
                ],
                seconds + END_SECONDS,
                environment=environment() | {"PGOPTIONS": PLANNER},
            )
        output = told.decode(errors="replace")
        batches, failed = _BATCHES.search(output), _FAILED.search(output)
        if batches is None:
            raise CannotMeasure(f"pgbench told nothing: {output.strip()[-300:]}")
        return Seen(
            answers=int(batches[1]) * self.batch,
            seconds=round(monotonic() - began, 6),
            refused=int(failed[1]) * self.batch if failed else 0,
            broken=0,
            latencies_ms={},
            cpu_seconds=round(cpu_seconds, 3),
        )


async def _tables(dsn: str) -> None:
    """Those of the services, indexes and all, in a schema for each."""
    engine = create_async_engine(dsn.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.begin() as connection:
            for schema, metadata in (("selling", selling), ("keeping", keeping)):
                await connection.execute(CreateSchema(schema))
                translated = await connection.execution_options(schema_translate_map={None: schema})
                await translated.run_sync(metadata.create_all)
    finally:
        await engine.dispose()
    filling = await asyncpg.connect(dsn, timeout=10, command_timeout=60)
    try:
        await filling.execute("CREATE SEQUENCE order_numbers CACHE 1")
        await filling.execute("INSERT INTO keeping.stock (sku, on_hand) VALUES ('HOT', $1)", PLENTY)
    finally:
        await filling.close(timeout=10)
