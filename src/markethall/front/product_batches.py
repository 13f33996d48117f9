"""Products past the cache: gathers slugs into batches.

What a request, a statement and the way there cost does not depend much on how many products they carry. Two requests
may be under way to catalog, each with all that had gathered, so that a replica that hangs holds up one of them and not
whoever comes after. A reader who is alone waits for nobody.

Only products that buyers see are found this way. All else (none there, a batch that failed, a catalog that knows no
batches) is told by catalog to each reader alone.
"""

import asyncio
from collections.abc import Sequence
from time import monotonic

import msgspec
import structlog

from markethall.contracts.internal import PRODUCTS_BY_SLUG_PATH, ProductDocument, ProductDocuments, ProductsBySlug
from markethall.front.freshness import Freshness
from markethall.front.inner import decoded
from markethall.kit.balancing import Balancer, ServiceUnavailable
from markethall.kit.errors import Problem
from markethall.kit.group_commit import GroupCommit

log = structlog.get_logger(__name__)

MAX_BATCH = 100
MAX_WAITING = 5_000
AT_ONCE = 2
GATHER_SECONDS = 0.002
"""At most; usually those who were answered together ask together again, and sooner."""
DEADLINE_SECONDS = 4.0
ATTEMPT_SECONDS = 1.5
AVOIDED_SECONDS = 1.0
"""After a batch that failed each product is asked for alone for so long."""

_answers = msgspec.msgpack.Decoder(ProductDocuments)


class ProductBatches:
    """The short way to products."""

    def __init__(self, balancer: Balancer, freshness: Freshness) -> None:
        self._balancer = balancer
        self._freshness = freshness
        self._under_way = 0
        """Readers that wait for a batch, or for its answer."""
        self._avoided_until = float("-inf")
        self._group = GroupCommit[str, ProductDocument | None](
            self._find,
            max_batch=MAX_BATCH,
            max_waiting=MAX_WAITING,
            at_once=AT_ONCE,
            gather_seconds=GATHER_SECONDS,
            enough=self._are_half,
        )

    async def find(self, slug: str, seconds: float) -> ProductDocument | None:
        """The product as it is no earlier than now; None: it has to be asked for alone.

        Raises:
            Unavailable: not within `seconds`, or too many wait already.
        """
        if self._are_avoided():
            return None
        self._under_way += 1
        try:
            async with asyncio.timeout(seconds):
                return await self._group.submit(slug)
        except TimeoutError as error:
            raise ServiceUnavailable("The catalog service does not answer just now.") from error
        finally:
            self._under_way -= 1

    def _are_avoided(self) -> bool:
        return monotonic() < self._avoided_until or not self._balancer.replicas("catalog")

    def _are_half(self, waiting: int) -> bool:
        """A batch costs the shop what several products in it do."""
        return 2 * waiting >= self._under_way

    async def _find(self, slugs: Sequence[str]) -> Sequence[ProductDocument | None]:
        """One batch to any replica of catalog."""
        if self._are_avoided():
            return [None] * len(slugs)
        different = list(dict.fromkeys(slugs))
        try:
            products = await self._ask(different)
        except Problem as error:
            log.info("a batch of products failed", reason=str(error))
            products = []
        if len(products) != len(different):
            self._avoided_until = monotonic() + AVOIDED_SECONDS
            return [None] * len(slugs)
        found = dict(zip(different, products, strict=True))
        return [found[slug] for slug in slugs]

    async def _ask(self, slugs: list[str]) -> Sequence[ProductDocument | None]:
        # What this front has heard of by now is all that any of the readers has heard of through it.
        epoch = self._freshness.epoch
        answer = await self._balancer.request(
            "catalog",
            "POST",
            PRODUCTS_BY_SLUG_PATH,
            headers=self._freshness.demand() | {"content-type": "application/msgpack"},
            body=msgspec.msgpack.encode(ProductsBySlug(slugs)),
            repeatable=True,
            deadline_seconds=DEADLINE_SECONDS,
            attempt_seconds=ATTEMPT_SECONDS,
        )
        self._freshness.learn(epoch, answer.headers)
        # An older catalog does not know the path.
        return decoded(_answers, answer).products if answer.status == 200 else []
