"""`python -m tests.local.promote_until DATA POINT`: begins a promotion and dies by kill -9 at that point."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from markethall.local.promotion import promote
from tests.support.cluster import running_cluster


async def main(data: Path, point: str) -> None:
    def die(passed: str) -> None:
        if passed == point:
            os.kill(os.getpid(), signal.SIGKILL)

    async with running_cluster(data, read_replicas=2) as cluster:
        await promote(cluster.nodes, cluster.supervisor, at=die)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
