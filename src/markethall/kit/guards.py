"""Who may call a route, decided before anything of the request is read."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from markethall.kit.identity import KeyRing, require_admin, require_user


def signed_in(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """
    Raises:
        Unauthenticated, InvalidToken: nobody valid is signed in.
    """
    require_user(_keys(connection).identify(connection.headers.get("authorization")))


def admin_only(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """
    Raises:
        Unauthenticated, InvalidToken, Forbidden: as `require_admin`.
    """
    require_admin(_keys(connection).identify(connection.headers.get("authorization")))


def _keys(connection: ASGIConnection[Any, Any, Any, Any]) -> KeyRing:
    keys = connection.app.state["keys"]
    assert isinstance(keys, KeyRing)
    return keys
