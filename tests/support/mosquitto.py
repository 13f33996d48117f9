"""MQTT devices of another make: `mosquitto_pub` and `mosquitto_sub`, as anyone would run them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.machine import eventually

REFUSED = 5
"""How both end where the broker does not accept who they say they are."""


@dataclass(frozen=True)
class Broker:
    """Where a device connects, and as whom."""

    port: int
    user: str | None = None
    password: str | None = None
    host: str = "127.0.0.1"

    @property
    def arguments(self) -> list[str]:
        who = ["-u", self.user, "-P", self.password or ""] if self.user else []
        return ["-h", self.host, "-p", str(self.port), "-V", "mqttv311", *who]

    async def publish(self, topic: str, payload: object, *, qos: int = 1, retain: bool = False) -> int:
        """The exit code: 0 once the broker has acknowledged. `payload`: bytes as they are, else as JSON."""
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        flags = ["-q", str(qos), "-t", topic, "-s" if data else "-n", *(["-r"] if retain else [])]
        process = await asyncio.create_subprocess_exec(
            "mosquitto_pub",
            *self.arguments,
            *flags,
            stdin=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(20):
                await process.communicate(data)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode is not None
        return process.returncode

    @asynccontextmanager
    async def subscribed(self, *topics: str, session: str | None = None) -> "AsyncIterator[Heard]":
        """What arrives on the topics while it lasts, retained messages first. `session`: a client id to be kept."""
        process = await asyncio.create_subprocess_exec(
            *("stdbuf", "-oL", "mosquitto_sub"),
            *self.arguments,
            *(["-i", session, "-c"] if session else []),
            *("-q", "1", "-F", "%j", "-d"),
            *(part for topic in topics for part in ("-t", topic)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        heard = Heard()
        reading = asyncio.create_task(heard.read(process))
        try:
            await eventually(lambda: heard.granted is not None or reading.done())
            yield heard
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()
            reading.cancel()


@dataclass
class Heard:
    """Messages in the order of their arrival."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    granted: str | None = None
    """What the broker answered to the subscription: "1", or "128" where it refused."""

    async def read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            text = line.decode()
            if text.startswith("{"):
                self.messages.append(json.loads(text))
            elif text.startswith("Subscribed"):
                self.granted = text.rpartition(": ")[2].strip()

    def payloads(self, topic: str) -> list[Any]:
        """Documents heard on a topic; None for an empty payload."""
        found = [message["payload"] for message in self.messages if message["topic"] == topic]
        return [json.loads(payload) if payload else None for payload in found]

    def last(self, topic: str) -> dict[str, Any]:
        """The newest document on a topic; empty before the first."""
        heard = self.payloads(topic)
        return (heard[-1] or {}) if heard else {}
