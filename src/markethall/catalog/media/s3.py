"""Pictures in a bucket of an S3-compatible store."""

import os
from collections.abc import Awaitable
from datetime import timedelta
from typing import TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from markethall.catalog.media.errors import MediaUnavailable

T = TypeVar("T")
CONTENT_TYPE = "image/webp"


class S3Storage:
    """`place`: `s3://bucket/prefix`. Who we are, and where it is, is said by the usual variables (`AWS_…`)."""

    def __init__(self, place: str) -> None:
        self._store = S3Store.from_url(
            place,
            client_options={
                "connect_timeout": timedelta(seconds=2),
                "timeout": timedelta(seconds=4),
                # A store beside us may do without TLS; who names it so means it.
                "allow_http": os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://"),
            },
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=4)},
        )

    async def put(self, name: str, content: bytes) -> None:
        await _reached(obstore.put_async(self._store, name, content, attributes={"Content-Type": CONTENT_TYPE}))

    async def get(self, name: str) -> bytes | None:
        try:
            found = await _reached(obstore.get_async(self._store, name))
            return bytes(await _reached(found.bytes_async()))
        except FileNotFoundError:
            return None

    async def remove(self, name: str) -> None:
        try:
            await _reached(obstore.delete_async(self._store, name))
        except FileNotFoundError:
            return


async def _reached(answer: Awaitable[T]) -> T:
    try:
        return await answer
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        raise MediaUnavailable("The store of the pictures does not answer as it should.") from error
