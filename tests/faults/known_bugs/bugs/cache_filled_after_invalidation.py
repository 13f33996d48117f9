"""An answer that was on its way when the product changed is stored after the change was announced, and stays.

Seen in every cache that is invalidated by key and filled by whoever misses: the toy store's readers saw the old price
until the next change.

How it is put back: front's cache stores what it is given, whatever was announced meanwhile, and shares the answer
with those who ask later. On its way an answer takes a second, as between two machines under load.
Provoked by reading a product while its price changes.
"""

import asyncio
from typing import Any

ON_ITS_WAY_SECONDS = 1.0


def _forgetful_cache(module: Any) -> None:
    module.Cache._may_store = lambda self, fill, versions: True
    module.Cache._outdate = lambda self, key: None


def _slow_answers(module: Any) -> None:
    finish = module.Cache.finish
    fetch = module.Products._fetch

    async def _fetch(self: Any, key: Any, fill: Any, *seconds: float) -> Any:
        kept: list[Any] = []
        cache = self._cache

        class Waiting:
            """Takes the answer in place of the cache, so that it can be stored a little later."""

            def finish(self, *arguments: Any) -> bool:
                kept.append(arguments)
                return True

        view = object.__new__(module.Products)
        view.__dict__ = {**self.__dict__, "_cache": Waiting()}
        read = await fetch(view, key, fill, *seconds)
        await asyncio.sleep(ON_ITS_WAY_SECONDS)
        for arguments in kept:
            finish(cache, *arguments)
        return read

    module.Products._fetch = _fetch


PUT_BACK = {"markethall.front.cache": _forgetful_cache, "markethall.front.products": _slow_answers}
GUARDS: dict[str, str] = {}
