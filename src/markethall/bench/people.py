"""Buyers with accounts. Registering is dear (argon2id), so they are few and stay."""

import asyncio
from dataclasses import dataclass
from uuid import uuid4

from markethall.bench.subject import Subject

AT_ONCE = 4
MAX_PEOPLE = 100
"""A shop takes 120 registrations a minute from one address."""


@dataclass(frozen=True)
class Person:
    email: str
    password: str


async def registered(subject: Subject, count: int) -> list[Person]:
    """New ones. Raises CannotMeasure."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one() -> Person:
        person = Person(f"{uuid4().hex[:12]}@example.org", uuid4().hex)
        async with turn:
            body = {"email": person.email, "name": "A buyer", "password": person.password}
            await subject.call("POST", "/api/users", body)
        return person

    return await asyncio.gather(*(one() for _ in range(min(count, MAX_PEOPLE))))


async def signed_in(subject: Subject, people: list[Person]) -> list[str]:
    """Their access tokens, good for a quarter of an hour. Raises CannotMeasure."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(person: Person) -> str:
        async with turn:
            return await subject.sign_in(person.email, person.password)

    return await asyncio.gather(*map(one, people))
