"""How commands end: codes that scripts can tell apart, and reasons that people can read.

0  done
1  refused by the shop, or a file that is not valid
2  wrong usage
3  the shop is not there, or cannot answer just now
4  out of stock: the order was rejected
5  not signed in, or not allowed
6  absent, or another's
7  still under way: the order is pending
8  the shop went away on the way, and nothing was judged (`chaos`)
9  what was broken may still be broken (`chaos`)
"""

import asyncio
import sys
from collections.abc import Coroutine
from enum import IntEnum
from typing import Any, NoReturn, TypeVar

import msgspec
import typer

from markethall.cli.connection import NoShop
from markethall.cli.console import screen
from markethall.cli.tables import shortages
from markethall.listings.calls import ApiError, NotUnderstood, Refused, Unreachable

Result = TypeVar("Result")


class Exit(IntEnum):
    DONE = 0
    REFUSED = 1
    USAGE = 2
    UNREACHABLE = 3
    OUT_OF_STOCK = 4
    NOT_ALLOWED = 5
    ABSENT = 6
    PENDING = 7
    GONE = 8
    NOT_HEALED = 9


EXPLAINED = (
    "Exit codes: 0 done, 1 refused, 2 usage, 3 shop unreachable, 4 out of stock, "
    "5 not signed in or not allowed, 6 absent, 7 still pending."
)


def run(work: Coroutine[Any, Any, Result], *, json: bool = False) -> Result:
    """Runs a command to its end; an error of the shop ends it with the code that fits."""
    try:
        return asyncio.run(work)
    except NoShop as error:
        fail(str(error), Exit.USAGE, json=json)
    except ApiError as error:
        if isinstance(error, Refused) and error.document.get("shortages") and not json:
            screen(stderr=True).print(shortages(error.document))
        document = error.document if isinstance(error, Refused) else None
        fail(str(error), code_of(error), json=json, document=document)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def fail(reason: str, code: Exit, *, json: bool = False, document: dict[str, Any] | None = None) -> NoReturn:
    """Says why on standard error: a line, or a JSON document with `--json`."""
    if json:
        said = msgspec.json.encode(document or {"code": code.name.lower(), "detail": reason}).decode()
    else:
        said = f"markethall: {reason}"
    print(said, file=sys.stderr)  # noqa: T201
    raise typer.Exit(code)


def code_of(error: ApiError) -> Exit:
    match error:
        case Unreachable() | NotUnderstood():
            return Exit.UNREACHABLE
        case Refused(code="out_of_stock"):
            return Exit.OUT_OF_STOCK
        case Refused(status=401 | 403):
            return Exit.NOT_ALLOWED
        case Refused(status=404):
            return Exit.ABSENT
        case Refused(status=429 | 502 | 503 | 504):
            return Exit.UNREACHABLE
    return Exit.REFUSED
