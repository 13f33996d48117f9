"""Who asks: guests, a few users, and the shopkeeper. Signing in is dear (argon2), so they are few."""

import asyncio
import uuid
from time import monotonic
from typing import Any

import aiohttp

FRESH_SECONDS = 600.0
"""Then one signs in again: a token is good for 900 s."""
START_SECONDS = 60.0
RETRY_SECONDS = 0.2


class CannotStart(RuntimeError):
    """The shop refuses what a run needs before it can begin."""


class Person:
    """Somebody signed in. `id` is the user's."""

    def __init__(self, name: str, email: str, password: str) -> None:
        self.name = name
        self.id = ""
        self.shopping = asyncio.Lock()
        """Held by whoever fills this person's one cart: two at once would empty each other's."""
        self._email = email
        self._password = password
        self._token = ""
        self._signed_in = float("-inf")
        self._lock = asyncio.Lock()

    async def sign_in(self, session: aiohttp.ClientSession, url: str) -> None:
        """Raises CannotStart."""
        body = {"email": self._email, "password": self._password}
        answer = await insist(session, "POST", f"{url}/api/sessions", body)
        self.id, self._token, self._signed_in = answer["user"]["id"], answer["access_token"], monotonic()

    async def token(self, session: aiohttp.ClientSession, url: str) -> str:
        """A good one. While nobody can sign in, the last one."""
        if monotonic() - self._signed_in > FRESH_SECONDS:
            async with self._lock:
                if monotonic() - self._signed_in > FRESH_SECONDS:
                    try:
                        await self.sign_in(session, url)
                    except CannotStart:
                        self._signed_in += RETRY_SECONDS
        return self._token


async def registered(session: aiohttp.ClientSession, url: str, name: str) -> Person:
    """A new user, signed in. Raises CannotStart."""
    email, password = f"{uuid.uuid4().hex[:12]}@example.org", uuid.uuid4().hex
    await insist(session, "POST", f"{url}/api/users", {"email": email, "name": name, "password": password})
    person = Person(name, email, password)
    await person.sign_in(session, url)
    return person


async def insist(
    session: aiohttp.ClientSession, method: str, url: str, body: object, headers: dict[str, str] | None = None
) -> Any:
    """The answer's body; what may pass is tried again for a minute. Raises CannotStart.

    A conflict on a repeat is what an earlier try did, whose answer was lost: there is no body then.
    """
    deadline = monotonic() + START_SECONDS
    is_repeat = False
    while True:
        try:
            async with asyncio.timeout(10), session.request(method, url, json=body, headers=headers) as response:
                if response.status < 300:
                    return await response.json()
                if response.status == 409 and is_repeat:
                    return None
                said = f"{response.status}: {(await response.text())[:300]}"
                if response.status < 500 and response.status not in (408, 429):
                    raise CannotStart(f"{method} {url} was answered {said}")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            said = repr(error)
        if monotonic() > deadline:
            raise CannotStart(f"{method} {url} fails: {said}")
        is_repeat = True
        await asyncio.sleep(RETRY_SECONDS)
