"""Where the shop is and who is asking: the options that all commands speaking to a shop share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from markethall.cli.api import Shop
from markethall.local.credentials import Credentials
from markethall.local.errors import LocalError
from markethall.local.folder import DataFolder, read_json

DEFAULT_DATA = Path(".markethall")
SHORT_PATIENCE_SECONDS = 8.0
"""Somebody sits before the terminal."""
PUBLIC_SERVICES = ("edge", "front")
"""Whose address is the shop's: the edge's where there is one."""

UrlOption = Annotated[str | None, typer.Option("--url", help="The shop's address. Default: the shop in --data.")]
DataOption = Annotated[Path, typer.Option("--data", help="Folder of a local shop, as in `markethall up`.")]
EmailOption = Annotated[
    str | None, typer.Option("--email", envvar="MARKETHALL_EMAIL", help="Sign in with this address.")
]
PasswordOption = Annotated[
    str | None,
    typer.Option("--password", envvar="MARKETHALL_PASSWORD", help="Better given by the environment."),
]
AdminEmailOption = Annotated[
    str | None,
    typer.Option("--email", envvar="MARKETHALL_ADMIN_EMAIL", help="The admin. Default: that of the shop in --data."),
]
AdminPasswordOption = Annotated[
    str | None,
    typer.Option("--password", envvar="MARKETHALL_ADMIN_PASSWORD", help="Better given by the environment."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output, for programs.")]


class NoShop(Exception):
    """It is not known where the shop is, or who could sign in."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a shop. Without an email, calls are a guest's."""

    url: str
    email: str | None = None
    password: str | None = None

    @asynccontextmanager
    async def open(self, connections: int = 2, patience_seconds: float = SHORT_PATIENCE_SECONDS) -> AsyncIterator[Shop]:
        async with Shop(self.url, connections, patience_seconds) as shop:
            if self.email is not None and self.password is not None:
                await shop.sign_in(self.email, self.password)
            yield shop


def connection(url: str | None, data: Path, email: str | None, password: str | None) -> Connection:
    """As a buyer. Raises NoShop."""
    if (email is None) != (password is None):
        raise NoShop("to sign in, give both --email and --password")
    return Connection(url or address_of(data), email, password)


def admin_connection(url: str | None, data: Path, email: str | None, password: str | None) -> Connection:
    """As the admin: the one that is named, else the local shop's own. Raises NoShop."""
    if email is None and password is None and url is None:
        email, password = _admin_of(data)
    if email is None or password is None:
        raise NoShop("this needs an admin: give --email and --password, or --data of a local shop")
    return Connection(url or address_of(data), email, password)


def address_of(data: Path) -> str:
    """The public address of the shop that runs on the folder."""
    try:
        urls = {entry.service: entry.url for entry in DataFolder(data).read_processes()}
    except (LocalError, OSError) as error:
        raise NoShop(str(error)) from error
    for service in PUBLIC_SERVICES:
        if service in urls:
            return urls[service]
    raise NoShop(f"no shop runs on {data}: start it with `markethall up --data {data}`, or give --url")


def _admin_of(data: Path) -> tuple[str, str]:
    folder = DataFolder(data)
    try:
        found = read_json(folder.credentials, Credentials)
    except (LocalError, OSError) as error:
        raise NoShop(f"{folder.credentials} cannot be read: {error}") from error
    if found is None:
        raise NoShop(f"there is no shop in {data}: give --data or --url")
    return found.admin.email, found.admin.password
