"""HTTP of accounts."""

from typing import Annotated, Any

from litestar import Request, Router, delete, get, patch, post
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, UnsetType

from markethall.accounts import schemas
from markethall.accounts.schemas import (
    ChangeProfile,
    ChangeRoles,
    Refresh,
    RegisteredView,
    RegisterUser,
    SessionView,
    SignIn,
    UserPage,
    UserView,
)
from markethall.accounts.service import Accounts, ProfileChanges
from markethall.accounts.sessions import Sessions
from markethall.accounts.slowdown import client_address
from markethall.kit.errors import NotFound
from markethall.kit.guards import admin_only, signed_in
from markethall.kit.identity import Identity, require_user
from markethall.kit.ids import parse_id
from markethall.kit.problems import responses
from markethall.kit.text import NO_NUL

Caller = NamedDependency[Identity | None]
TAGS = ["accounts"]
CLIENT_ADDRESS = "X-Client-Address"
"""Set by front, which takes it from nobody but the connection and the proxies it trusts."""


@post("/users", status_code=201, summary="Register", tags=TAGS, responses=responses(409, 413, 415))
async def register(
    data: JSONBody[RegisterUser], accounts: NamedDependency[Accounts], address: NamedDependency[str]
) -> RegisteredView:
    """Make an account. Addresses that differ in upper and lower case only are the same: 409 `email_taken`."""
    return schemas.registered(await accounts.register(data.email, data.name, data.password, address))


@post("/sessions", status_code=201, summary="Sign in", tags=TAGS, responses=responses(401, 413, 415))
async def sign_in(
    data: JSONBody[SignIn], sessions: NamedDependency[Sessions], address: NamedDependency[str]
) -> SessionView:
    """A pair of tokens. After repeated failures 429, with the seconds to wait in `Retry-After`."""
    return schemas.session(await sessions.sign_in(data.email, data.password, address))


@post(
    "/sessions/refresh",
    status_code=200,
    summary="Exchange a refresh token for a new pair",
    tags=TAGS,
    responses=responses(401, 413, 415),
)
async def refresh(data: JSONBody[Refresh], sessions: NamedDependency[Sessions]) -> SessionView:
    """The old refresh token dies. Showing it again ends the session (401 `refresh_reused`).

    Of two requests under way at once with the same token one gets the new pair, the other 401
    `refresh_superseded`; the session goes on.
    """
    return schemas.session(await sessions.refresh(data.refresh_token))


@delete(
    "/sessions/current", status_code=204, summary="Sign out", tags=TAGS, responses=responses(401), guards=[signed_in]
)
async def sign_out(identity: Caller, sessions: NamedDependency[Sessions]) -> None:
    """Ends the session of the access token that was sent. Repeating it is harmless."""
    await sessions.sign_out(require_user(identity))


@get("/users/me", summary="One's own profile", tags=TAGS, responses=responses(401), guards=[signed_in])
async def read_profile(identity: Caller, accounts: NamedDependency[Accounts]) -> UserView:
    return schemas.view(await accounts.profile(require_user(identity)))


@patch(
    "/users/me", summary="Change one's profile", tags=TAGS, responses=responses(401, 409, 413, 415), guards=[signed_in]
)
async def change_profile(
    data: JSONBody[ChangeProfile], identity: Caller, accounts: NamedDependency[Accounts], address: NamedDependency[str]
) -> UserView:
    """Name, e-mail address, password. A new password takes `current_password`, and ends all other sessions."""
    changes = ProfileChanges(
        email=_given(data.email),
        name=_given(data.name),
        password=_given(data.password),
        current_password=_given(data.current_password),
    )
    return schemas.view(await accounts.change_profile(require_user(identity), changes, address))


@delete(
    "/users/me", status_code=204, summary="Erase oneself", tags=TAGS, responses=responses(401, 409), guards=[signed_in]
)
async def erase(identity: Caller, accounts: NamedDependency[Accounts]) -> None:
    """The person is forgotten, also in orders; the orders stay. The last admin cannot go: 409 `last_admin`."""
    await accounts.erase(require_user(identity))


@get("/users", summary="List users (admin)", tags=TAGS, responses=responses(401, 403), guards=[admin_only])
async def list_users(
    identity: Caller,
    accounts: NamedDependency[Accounts],
    prefix: Annotated[
        str,
        QueryParameter(name="query", max_length=254, pattern=NO_NUL, description="How the e-mail address begins"),
    ] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, QueryParameter()] = None,
) -> UserPage:
    """By e-mail address."""
    found, following = await accounts.list_users(require_user(identity), prefix, limit, cursor)
    return UserPage([schemas.view(user) for user in found], following)


@get(
    "/users/{user_id:str}",
    summary="A user (admin)",
    tags=TAGS,
    responses=responses(401, 403, 404),
    guards=[admin_only],
)
async def read_user(user_id: FromPath[str], identity: Caller, accounts: NamedDependency[Accounts]) -> UserView:
    """The profile, as its owner sees it."""
    known = parse_id(user_id)
    if known is None:
        raise NotFound("There is no user with that id.")
    return schemas.view(await accounts.find(require_user(identity), known))


@patch(
    "/users/{user_id:str}",
    summary="Set a user's roles (admin)",
    tags=TAGS,
    responses=responses(401, 403, 404, 409, 413, 415),
    guards=[admin_only],
)
async def change_roles(
    data: JSONBody[ChangeRoles], user_id: FromPath[str], identity: Caller, accounts: NamedDependency[Accounts]
) -> UserView:
    """They count at the user's next sign-in or refresh. The last admin keeps the role: 409 `last_admin`."""
    known = parse_id(user_id)
    if known is None:
        raise NotFound("There is no user with that id.")
    return schemas.view(await accounts.set_roles(require_user(identity), known, set(data.roles)))


def _given(value: str | UnsetType) -> str | None:
    return None if value is UNSET else str(value)


def _address(request: Request[Any, Any, Any]) -> str:
    peer = request.client.host if request.client else None
    return client_address(request.headers.get(CLIENT_ADDRESS), peer)


ROUTES = Router(
    path="/api",
    route_handlers=[
        register,
        sign_in,
        refresh,
        sign_out,
        read_profile,
        change_profile,
        erase,
        list_users,
        read_user,
        change_roles,
    ],
    dependencies={"address": Provide(_address, sync_to_thread=False)},
    # Tokens and profiles are for whoever asked, and for no cache on the way.
    cache_control=CacheControlHeader(no_store=True),
)
