"""A caller of accounts over real HTTP. Every answer is looked through for what must never be in one."""

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import aiohttp

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> str | None:
        """Of a problem document."""
        return self.body.get("code") if isinstance(self.body, dict) else None


@dataclass
class Person:
    """A registered user."""

    id: str
    email: str
    password: str
    tokens: dict[str, Any] = field(default_factory=dict)

    @property
    def access(self) -> str:
        return str(self.tokens["access_token"])

    @property
    def refresh(self) -> str:
        return str(self.tokens["refresh_token"])


@dataclass
class Client:
    url: str
    session: aiohttp.ClientSession
    address: str = "198.51.100.7"

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        raw: bytes | None = None,
        **headers: str,
    ) -> Answer:
        sent = {"X-Client-Address": self.address, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if raw is None and body is not None:
            raw = json.dumps(body).encode()
        if raw is not None:
            sent.setdefault("Content-Type", "application/json")
        async with self.session.request(method, self.url + path, data=raw, headers=sent) as answer:
            content = await answer.read()
            document = json.loads(content) if content else None
        assert b"$argon2" not in content
        assert b"Traceback" not in content
        if answer.status >= 400:
            assert answer.content_type == "application/problem+json", content
            assert document["status"] == answer.status
        return Answer(answer.status, document, {k.lower(): v for k, v in answer.headers.items()})

    async def register(self, email: str | None = None, password: str = PASSWORD, name: str = "Ada") -> Person:
        email = email or f"{secrets.token_hex(6)}@example.com"
        answer = await self.call("POST", "/api/users", {"email": email, "name": name, "password": password})
        assert answer.status == 201, answer
        assert password not in json.dumps(answer.body)
        return Person(answer.body["id"], email, password)

    async def try_sign_in(self, email: str, password: str) -> Answer:
        return await self.call("POST", "/api/sessions", {"email": email, "password": password})

    async def sign_in(self, person: Person) -> Person:
        answer = await self.try_sign_in(person.email, person.password)
        assert answer.status == 201, answer
        return Person(person.id, person.email, person.password, answer.body)

    async def newcomer(self) -> Person:
        """Registered and signed in."""
        return await self.sign_in(await self.register())

    async def refresh(self, token: str) -> Answer:
        return await self.call("POST", "/api/sessions/refresh", {"refresh_token": token})

    def at(self, address: str) -> "Client":
        """The same client from another address."""
        return Client(self.url, self.session, address)
