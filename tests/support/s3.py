"""A real S3-compatible store for tests: SeaweedFS, all its servers in one process."""

import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from markethall.local.logs import JsonLog
from markethall.local.ports import free_port
from markethall.local.process import Child, Command, start_ready

WEED = Path(sys.executable).parent / "weed"
KEY, SECRET = "shop", "a-secret-of-the-tests"
BUCKET = "pictures"


@dataclass(frozen=True)
class Bucket:
    """Where it is, as the usual variables say it."""

    environment: dict[str, str]
    pid: int
    place: str = f"s3://{BUCKET}/of/the/shop"


@asynccontextmanager
async def s3_server(folder: Path) -> AsyncIterator[Bucket]:
    """Takes calls signed with our key only. A bucket is made when something is put there."""
    logs = folder / "logs"
    data = folder / "s3"
    logs.mkdir(exist_ok=True)
    data.mkdir(exist_ok=True)
    identity = {
        "name": "shop",
        "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
        "actions": ["Admin", "Read", "Write", "List"],
    }
    (folder / "identities.json").write_text(json.dumps({"identities": [identity]}))
    s3 = 0

    def command(_attempt: int) -> Command:
        nonlocal s3
        # Its inner ports are those of its outer ones and ten thousand, unless it is told otherwise.
        names = [f"{part}.port{kind}" for part in ("master", "volume", "filer") for kind in ("", ".grpc")]
        ports = [f"-{name}={free_port()}" for name in (*names, "s3.port.grpc")]
        s3 = free_port()
        return Command(
            args=[
                str(WEED),
                "server",
                f"-dir={data}",
                "-ip=127.0.0.1",
                "-ip.bind=127.0.0.1",
                "-master.volumeSizeLimitMB=64",
                "-volume.max=20",
                "-filer",
                "-s3",
                "-s3.port.iceberg=0",
                f"-s3.port={s3}",
                f"-s3.config={folder / 'identities.json'}",
                *ports,
            ],
            env={**os.environ, "HOME": str(folder)},
        )

    async def is_ready(_child: Child) -> bool:
        """Whether something can be put there. The first time takes long on a busy machine: a volume is made for it."""
        store = S3Store(
            BUCKET,
            endpoint=f"http://127.0.0.1:{s3}",
            region="us-east-1",
            access_key_id=KEY,
            secret_access_key=SECRET,
            client_options={"allow_http": True, "timeout": timedelta(seconds=20)},
            retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=20)},
        )
        try:
            await obstore.put_async(store, "ready", b"yes")
        except (BaseError, OSError):
            return False
        return True

    child = await start_ready(
        "s3",
        command,
        lambda: JsonLog(logs, "s3", "1"),
        is_ready,
        lambda _child: None,
        seconds=60,
        stop_steps=((signal.SIGTERM, 5.0),),
    )
    try:
        yield Bucket(
            {
                "AWS_ACCESS_KEY_ID": KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET,
                "AWS_REGION": "us-east-1",
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{s3}",
            },
            child.pid,
        )
    finally:
        await child.stop(((signal.SIGTERM, 5.0),))
