"""What accounts may answer instead of what was asked for."""

from markethall.kit.errors import Conflict, FieldError, Invalid, TooManyRequests, Unauthenticated, Unavailable


class WrongCredentials(Unauthenticated):
    """No such account, or another password: which of both is not said."""

    code = "wrong_credentials"
    title = "The e-mail address or the password is wrong"


class WrongPassword(Invalid):
    """A signed-in user gave another current password. No 401: the access token is sound."""

    code = "wrong_password"
    title = "That is not the current password"

    def __init__(self) -> None:
        super().__init__(errors=[FieldError("current_password", self.title, "wrong_password")])


class TooManyAttempts(TooManyRequests):
    """Failed sign-ins slow down those that follow, for one account and for one client address."""

    code = "too_many_attempts"
    title = "Too many attempts; wait a little"


class InvalidRefreshToken(Unauthenticated):
    """Damaged, expired, or of an erased user."""

    code = "invalid_refresh_token"
    title = "The refresh token is not valid"


class RefreshReused(Unauthenticated):
    """The token was exchanged before: somebody else may have it, so the session has ended."""

    code = "refresh_reused"
    title = "That refresh token was used before; sign in again"


class RefreshSuperseded(Unauthenticated):
    """Another request exchanged the same token while this one was under way; the session goes on."""

    code = "refresh_superseded"
    title = "Another request has just exchanged that refresh token"


class SessionEnded(Unauthenticated):
    """Signed out, ended by a reused refresh token, or the user is erased."""

    code = "session_ended"
    title = "That session has ended; sign in again"


class EmailTaken(Conflict):
    code = "email_taken"
    title = "There is an account with that e-mail address already"


class LastAdmin(Conflict):
    code = "last_admin"
    title = "A shop keeps at least one admin"


class PasswordsBusy(Unavailable):
    """Too many passwords wait to be hashed."""

    code = "passwords_busy"
    title = "Too many are signing in just now"
