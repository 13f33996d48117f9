"""Products and lists past the cache: gathers questions to catalog into batches.

What a request, a transaction and the way there cost does not depend much on how many products they carry. Two requests
may be under way to catalog, each with all that had gathered, so that a replica that hangs holds up one of them and not
whoever comes after. A reader who is alone waits for nobody.

Only what is found with little work, and what buyers see, is answered this way. All else (none there, a batch that
failed, a catalog that knows no batches) is told by catalog to each reader alone.
"""

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Generic, TypeVar

import msgspec
import structlog

from markethall.contracts.internal import (
    PRODUCT_LISTS_PATH,
    PRODUCTS_BY_SLUG_PATH,
    ListDocument,
    ListDocuments,
    ProductDocument,
    ProductDocuments,
    ProductLists,
    ProductsBySlug,
)
from markethall.front.freshness import Freshness
from markethall.front.inner import decoded
from markethall.kit.balancing import Answer, Balancer, ServiceUnavailable
from markethall.kit.errors import Problem
from markethall.kit.group_commit import GroupCommit

log = structlog.get_logger(__name__)

MAX_PRODUCTS = 100
MAX_LISTS = 20
"""Of up to 50 products each (`products.PLAIN_LIMIT`): a standby that has just begun must be able to answer in time."""
MAX_WAITING = 5_000
AT_ONCE = 2
GATHER_SECONDS = 0.002
"""At most; usually those who were answered together ask together again, and sooner."""
DEADLINE_SECONDS = 2.5
"""Readers have longer, so that there is time to ask for each alone."""
ATTEMPT_SECONDS = 1.5
AVOIDED_SECONDS = 1.0
"""After a batch that failed each reader asks alone for so long."""

Document = TypeVar("Document")

_products = msgspec.msgpack.Decoder(ProductDocuments)
_lists = msgspec.msgpack.Decoder(ListDocuments)


def product_batches(balancer: Balancer, freshness: Freshness) -> "DocumentBatches[ProductDocument]":
    """Asked by slug."""
    return DocumentBatches(
        balancer,
        freshness,
        PRODUCTS_BY_SLUG_PATH,
        lambda slugs: msgspec.msgpack.encode(ProductsBySlug(slugs)),
        lambda answer: decoded(_products, answer).products,
        max_batch=MAX_PRODUCTS,
    )


def list_batches(balancer: Balancer, freshness: Freshness) -> "DocumentBatches[ListDocument]":
    """Asked by query."""
    return DocumentBatches(
        balancer,
        freshness,
        PRODUCT_LISTS_PATH,
        lambda queries: msgspec.msgpack.encode(ProductLists(queries)),
        lambda answer: decoded(_lists, answer).lists,
        max_batch=MAX_LISTS,
    )


class DocumentBatches(Generic[Document]):
    """The short way to documents of catalog, each of which has a name."""

    def __init__(
        self,
        balancer: Balancer,
        freshness: Freshness,
        path: str,
        encode: Callable[[list[str]], bytes],
        decode: Callable[[Answer], Sequence[Document | None]],
        *,
        max_batch: int,
    ) -> None:
        """
        Args:
            encode: the body of a request for documents of these names.
            decode: the documents in the answer to it, in the same order.
        """
        self._balancer = balancer
        self._freshness = freshness
        self._path = path
        self._encode = encode
        self._decode = decode
        self._under_way = 0
        """Readers that wait for a batch, or for its answer."""
        self._avoided_until = float("-inf")
        self._group = GroupCommit[str, Document | None](
            self._find,
            max_batch=max_batch,
            max_waiting=MAX_WAITING,
            at_once=AT_ONCE,
            gather_seconds=GATHER_SECONDS,
            enough=self._are_half,
        )

    async def find(self, name: str, seconds: float) -> Document | None:
        """The document as it is no earlier than now; None: it has to be asked for alone.

        Raises:
            Unavailable: not within `seconds`, or too many wait already.
        """
        if self._are_avoided():
            return None
        self._under_way += 1
        try:
            async with asyncio.timeout(seconds):
                return await self._group.submit(name)
        except TimeoutError as error:
            raise ServiceUnavailable("The catalog service does not answer just now.") from error
        finally:
            self._under_way -= 1

    def _are_avoided(self) -> bool:
        return monotonic() < self._avoided_until or not self._balancer.replicas("catalog")

    def _are_half(self, waiting: int) -> bool:
        """A batch costs the shop what several documents in it do."""
        return 2 * waiting >= self._under_way

    async def _find(self, names: Sequence[str]) -> Sequence[Document | None]:
        """One batch to any replica of catalog."""
        if self._are_avoided():
            return [None] * len(names)
        different = list(dict.fromkeys(names))
        try:
            documents = await self._ask(different)
        except Problem as error:
            log.info("a batch of documents failed", path=self._path, reason=str(error))
            documents = []
        if len(documents) != len(different):
            self._avoided_until = monotonic() + AVOIDED_SECONDS
            return [None] * len(names)
        found = dict(zip(different, documents, strict=True))
        return [found[name] for name in names]

    async def _ask(self, names: list[str]) -> Sequence[Document | None]:
        # What this front has heard of by now is all that any of the readers has heard of through it.
        epoch = self._freshness.epoch
        answer = await self._balancer.request(
            "catalog",
            "POST",
            self._path,
            headers=self._freshness.demand() | {"content-type": "application/msgpack"},
            body=self._encode(names),
            repeatable=True,
            deadline_seconds=DEADLINE_SECONDS,
            attempt_seconds=ATTEMPT_SECONDS,
        )
        self._freshness.learn(epoch, answer.headers)
        # An older catalog does not know the path.
        return self._decode(answer) if answer.status == 200 else []
