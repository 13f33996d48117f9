"""The process of a peer, behind the HTTP stack of our own services: `python -m … NAME PORT`."""

import gc
import sys

import uvicorn

from markethall.bench.peers import usual
from markethall.bench.peers.memory import memory
from markethall.kit.http_protocol import LimitedProtocol

GC_THRESHOLD = 50_000


def main(name: str, port: int) -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 50)
    config = uvicorn.Config(
        usual.app() if name == "usual" else memory,
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http=LimitedProtocol,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
        backlog=2048,
    )
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
