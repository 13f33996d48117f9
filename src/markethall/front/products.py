"""`GET /api/products` and `GET /api/products/{slug}`: from the cache, or from catalog by way of it."""

import asyncio
import re
from collections.abc import Mapping
from functools import lru_cache
from time import monotonic
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
import structlog
from prometheus_client import Counter

from markethall.contracts.internal import PRODUCTS_PATH, ListedProducts
from markethall.contracts.public import ProductView
from markethall.front.availability import Availability
from markethall.front.cache import Cache, Fill, Key
from markethall.front.composition import (
    Document,
    Template,
    document_template,
    list_document_template,
    list_template,
    product_template,
)
from markethall.front.document_batches import list_batches, product_batches
from markethall.front.freshness import Freshness
from markethall.front.inner import decoded
from markethall.front.routes import Segments
from markethall.front.upstream import respond, return_answer
from markethall.kit.asgi import Reply, Scope, Send, header
from markethall.kit.balancing import Answer, Balancer, ServiceUnavailable
from markethall.kit.errors import Unavailable, Unreadable
from markethall.kit.http_exchange import Prepared, prepared

log = structlog.get_logger(__name__)

DEADLINE_SECONDS = 4.0
DEADLINE_WITH_STALE_SECONDS = 1.0
ATTEMPT_SECONDS = 1.5
MAX_QUERY_BYTES = 4096
PLAIN_LIMIT = 50
_PLAIN = ("category", "cursor", "sort")
_LIMIT = re.compile(r"[1-9][0-9]?\Z")
LOOK_SECONDS = 0.1
"""How often a hit looks whether catalog is alive."""

READS = Counter("markethall_cache_reads_total", "Reads of products, by how the cache answered.", ["outcome"])

_products = msgspec.msgpack.Decoder(ProductView)
_lists = msgspec.msgpack.Decoder(ListedProducts)

_Headers = tuple[tuple[bytes, bytes], ...]
_HEADERS: _Headers = ((b"content-type", b"application/json"), (b"cache-control", b"public, no-cache"))
_HIT = (b"cache-status", b"markethall; hit")
_STALE = ((b"cache-status", b"markethall; hit; detail=stale"), (b"warning", b'110 markethall "Response is Stale"'))


class Read(NamedTuple):
    """How a read was answered. Without a template, `refusal` is catalog's own answer."""

    template: Template | None
    headers: tuple[tuple[bytes, bytes], ...]
    refusal: Answer | None = None


class ReadCounts:
    """How the cache answered since this front began."""

    def __init__(self) -> None:
        self.hits = self.misses = self.stale = self.bypassed = 0
        self._metrics = [READS.labels(outcome) for outcome in ("hit", "miss", "stale", "bypass")]

    def hit(self) -> None:
        self.hits += 1
        self._metrics[0].inc()

    def miss(self) -> None:
        self.misses += 1
        self._metrics[1].inc()

    def served_stale(self) -> None:
        self.stale += 1
        self._metrics[2].inc()

    def bypass(self) -> None:
        self.bypassed += 1
        self._metrics[3].inc()


class Products:
    """Reads of products through the cache. One fetch of a key is under way at a time."""

    def __init__(
        self,
        cache: Cache[Template],
        availability: Availability,
        balancer: Balancer,
        capacity: int,
        freshness: Freshness,
    ) -> None:
        self._freshness = freshness
        self._products = product_batches(balancer, freshness)
        self._lists = list_batches(balancer, freshness)
        self.counts = ReadCounts()
        self._cache = cache
        self._availability = availability
        self._balancer = balancer
        self._off = capacity == 0
        self._fetches: dict[Fill, asyncio.Task[Read]] = {}
        self._catalog_lives = True
        self._looked = 0.0

    async def serve(self, scope: Scope, send: Send, segments: Segments) -> bool:
        """Answers GET and HEAD of `/api/products` and `/api/products/{slug}`.

        False, with nothing sent, where buyers see no such product but whoever asks is signed in: an
        admin sees archived ones, and only catalog knows who is one.
        """
        read = await self._read(_key(segments, scope["query_string"]))
        if read.template is None:
            assert read.refusal is not None
            if read.refusal.status == 404 and header(scope, b"authorization"):
                return False
            await return_answer(send, read.refusal, method=scope["method"], more=read.headers)
            return True
        if self._off:
            document = await self._compose_past_copies(read.template)
        else:
            composed = read.template.composed(self._availability)
            document = composed or await read.template.compose(self._availability)
        status, body, headers = _reply(scope, document, read.headers)
        await respond(send, status, headers, body, method=scope["method"])
        return True

    def at_once(self, scope: Scope, segments: Segments) -> Reply | Prepared | None:
        """What `serve` answers, where it is in the cache, fresh, and put together."""
        if self._off:
            return None
        found = self._cache.find(_key(segments, scope["query_string"]))
        if found is None or not found.fresh:
            return None
        document = found.value.composed(self._availability)
        if document is None:
            return None
        self.counts.hit()
        return _hit(scope, document) if self._catalog_is_alive() else _reply(scope, document, _STALE)

    async def _read(self, key: Key) -> Read:
        if self._off:
            self.counts.bypass()
            return await self._fetch(key, None)
        found = self._cache.find(key)
        if found is not None and found.fresh:
            self.counts.hit()
            return Read(found.value, (_HIT,) if self._catalog_is_alive() else _STALE)
        if found is not None and not self._catalog_is_alive():
            self.counts.served_stale()
            return Read(found.value, _STALE)
        self.counts.miss()
        try:
            return await self._shared(key, "stale" if found else "uri-miss", found is not None)
        except Unavailable:
            if found is None:
                raise
            self.counts.served_stale()
            return Read(found.value, _STALE)

    async def _shared(self, key: Key, reason: str, has_stale: bool) -> Read:
        """The fetch of the key that is under way, or a new one. It goes on if its first reader leaves."""
        fill = self._cache.under_way(key)
        collapsed = fill is not None
        if fill is None:
            fill = self._cache.begin(key)
            seconds = DEADLINE_WITH_STALE_SECONDS if has_stale else DEADLINE_SECONDS
            task = asyncio.create_task(self._fetch(key, fill, seconds), name=f"fetch {key.kind}")
            self._fetches[fill] = task
            task.add_done_callback(lambda _task: self._forget(fill))
        read = await asyncio.shield(self._fetches[fill])
        status = b"markethall; fwd=" + reason.encode()
        if read.refusal is not None:
            status += b"; fwd-status=%d" % read.refusal.status
        status += b"; stored" * (read.headers == _STORED) + b"; collapsed" * collapsed
        return read._replace(headers=((b"cache-status", status),))

    def _forget(self, fill: Fill) -> None:
        self._cache.abandon(fill)
        task = self._fetches.pop(fill)
        if not task.cancelled():
            task.exception()  # whoever waits has it too

    async def _fetch(self, key: Key, fill: Fill | None, seconds: float = DEADLINE_SECONDS) -> Read:
        """From catalog, and into the cache if `fill` says for what."""
        began = monotonic()
        found = await self._find(key, seconds)
        if found is not None:
            return self._keep(fill, *found)
        seconds -= monotonic() - began
        path = f"{PRODUCTS_PATH}/{quote(key.name, safe='')}" if key.kind == "product" else PRODUCTS_PATH
        if key.kind == "list" and key.name:
            path += f"?{key.name}"
        epoch = self._freshness.epoch
        answer = await self._balancer.request(
            "catalog",
            "GET",
            path,
            headers=self._freshness.demand(),
            repeatable=True,
            deadline_seconds=seconds,
            attempt_seconds=ATTEMPT_SECONDS,
        )
        self._freshness.learn(epoch, answer.headers)
        if answer.status >= 500:
            raise ServiceUnavailable("The catalog service does not answer just now.")
        if answer.status != 200:
            return Read(None, _BYPASS, answer)
        return self._keep(fill, *_template(key, answer))

    async def _find(self, key: Key, seconds: float) -> tuple[Template, Mapping[str, int]] | None:
        """With others who read; None: it has to be asked for alone."""
        if key.kind == "product":
            product = await self._products.find(key.name, seconds)
            return (document_template(product), {key.name: product.version}) if product is not None else None
        if not _is_plain(key.name):
            return None
        listed = await self._lists.find(key.name, seconds)
        return (list_document_template(listed), listed.versions) if listed is not None else None

    def _keep(self, fill: Fill | None, template: Template, versions: Mapping[str, int]) -> Read:
        stored = fill is not None and self._cache.finish(fill, template, versions)
        return Read(template, _STORED if stored else _BYPASS)

    async def _compose_past_copies(self, template: Template) -> Document:
        numbers = await self._availability.ask(template.skus)

        def total(skus: tuple[str, ...]) -> int | None:
            return sum(numbers[sku] for sku in skus) if all(sku in numbers for sku in skus) else None

        return template.compose_from(total)

    def _catalog_is_alive(self) -> bool:
        now = monotonic()
        if now - self._looked > LOOK_SECONDS:
            self._looked = now
            self._catalog_lives = bool(self._balancer.replicas("catalog"))
        return self._catalog_lives


_STORED = ((b"cache-status", b"markethall; fwd=uri-miss; stored"),)
_BYPASS = ((b"cache-status", b"markethall; fwd=bypass"),)


def is_product_read(method: str, segments: Segments) -> bool:
    return method in ("GET", "HEAD") and len(segments) in (2, 3) and segments[1] == "products"


def _key(segments: Segments, query: bytes) -> Key:
    return Key("product", segments[2]) if len(segments) == 3 else Key("list", _list_name(query))


@lru_cache(maxsize=4096)
def _list_name(query: bytes) -> str:
    """The same list for the same parameters, in whatever order and spelling they come."""
    if len(query) > MAX_QUERY_BYTES:
        raise Unreadable(f"A query of at most {MAX_QUERY_BYTES} bytes.")
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=50, errors="strict")
    except ValueError as error:
        raise Unreadable("The query cannot be read.") from error
    return urlencode(sorted(pairs))


@lru_cache(maxsize=4096)
def _is_plain(name: str) -> bool:
    """Whether a list is read with little work, however large the shop: neither a search nor a filter by option, and no
    more than `PLAIN_LIMIT` products."""
    return all(map(_is_plain_parameter, name.split("&"))) if name else True


def _is_plain_parameter(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    if name == "limit":
        return _LIMIT.match(value) is not None and int(value) <= PLAIN_LIMIT
    return name in _PLAIN


def _template(key: Key, answer: Answer) -> tuple[Template, Mapping[str, int]]:
    if key.kind == "product":
        view = decoded(_products, answer)
        return product_template(view), {view.slug: view.version}
    listed = decoded(_lists, answer)
    return list_template(listed), {item.summary.slug: item.version for item in listed.items}


def _hit(scope: Scope, document: Document) -> Prepared:
    """The same bytes each time, until the document changes."""
    if _is_known(scope, document):
        if document.unchanged is None:
            document.unchanged = _prepared(_unchanged(document, (_HIT,)))
        return document.unchanged
    if document.hit is None:
        document.hit = _prepared(_whole(document, (_HIT,)))
    return document.hit


def _prepared(reply: Reply) -> Prepared:
    return prepared(reply.status, reply.headers, reply.body)


def _reply(scope: Scope, document: Document, more: _Headers) -> Reply:
    return _unchanged(document, more) if _is_known(scope, document) else _whole(document, more)


def _whole(document: Document, more: _Headers) -> Reply:
    return Reply(200, document.body, [*_HEADERS, *more, (b"etag", document.etag)])


def _unchanged(document: Document, more: _Headers) -> Reply:
    return Reply(304, b"", [*_HEADERS[1:], *more, (b"etag", document.etag)])


def _is_known(scope: Scope, document: Document) -> bool:
    asked = header(scope, b"if-none-match")
    if asked is None:
        return False
    etag = document.etag.decode()
    return asked == etag or _matches(asked, etag)


def _matches(asked: str, etag: str) -> bool:
    """RFC 9110, weak comparison."""
    return any(tag.strip().removeprefix("W/") in ("*", etag) for tag in asked.split(","))
