"""JSON that comes in and goes out. No password or hash goes out."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from markethall.accounts.repository import User
from markethall.accounts.sessions import SignedIn
from markethall.kit.text import NO_NUL, ShortText

Email = Annotated[str, Meta(min_length=3, max_length=254, pattern=NO_NUL)]
AnyEmail = Annotated[str, Meta(max_length=254, pattern=NO_NUL)]
NewPassword = Annotated[str, Meta(min_length=8, max_length=256, pattern=NO_NUL)]
AnyPassword = Annotated[str, Meta(max_length=256, pattern=NO_NUL)]
Token = Annotated[str, Meta(max_length=1000, pattern=NO_NUL)]
Role = Literal["admin"]


class RegisterUser(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/users`."""

    email: Email
    name: ShortText
    password: NewPassword


class SignIn(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/sessions`."""

    email: AnyEmail
    password: AnyPassword


class Refresh(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/sessions/refresh`."""

    refresh_token: Token


class ChangeProfile(Struct, frozen=True, forbid_unknown_fields=True):
    """`PATCH /api/users/me`: what is left out stays. `password` takes `current_password`."""

    email: Email | UnsetType = UNSET
    name: ShortText | UnsetType = UNSET
    password: NewPassword | UnsetType = UNSET
    current_password: AnyPassword | UnsetType = UNSET


class ChangeRoles(Struct, frozen=True, forbid_unknown_fields=True):
    """`PATCH /api/users/{id}`: all roles that the user shall have."""

    roles: Annotated[list[Role], Meta(max_length=10)]


class RegisteredView(Struct, frozen=True):
    """A new user."""

    id: str
    email: str
    name: str


class SessionUserView(Struct, frozen=True):
    """Who has signed in."""

    id: str
    email: str
    name: str
    roles: list[str]


class SessionView(Struct, frozen=True):
    """A pair of tokens, in the words of OAuth 2 (RFC 6749, section 5.1). `expires_in` in seconds."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    refresh_token: str
    user: SessionUserView


class UserView(Struct, frozen=True):
    """A user, as the user and admins see one."""

    id: str
    email: str
    name: str
    roles: list[str]
    created_at: datetime


class UserPage(Struct, frozen=True):
    """One page of users, by address."""

    items: list[UserView]
    next_cursor: str | None


def registered(user: User) -> RegisteredView:
    return RegisteredView(str(user.id), user.email, user.name)


def view(user: User) -> UserView:
    return UserView(str(user.id), user.email, user.name, list(user.roles), user.created_at)


def session(signed_in: SignedIn) -> SessionView:
    user = signed_in.user
    return SessionView(
        signed_in.access_token,
        "Bearer",
        signed_in.expires_in,
        signed_in.refresh_token,
        SessionUserView(str(user.id), user.email, user.name, list(user.roles)),
    )
