"""Generated requests over the whole public OpenAPI document: no server error, no answer off its schema."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.client import AdminClient
from tests.support.shop import running_shop

pytestmark = pytest.mark.journey

CHECKS = ",".join(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "unsupported_method",
        "allow_header_conformance",
        "ignored_auth",
    ]
)


async def test_no_generated_request_breaks_the_contract(tmp_path: Path) -> None:
    with running_shop(tmp_path / "data", "--demo") as shop:
        async with AdminClient(shop) as shopkeeper:
            token = shopkeeper.token
        done = await asyncio.to_thread(
            subprocess.run,
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{shop.url}/openapi.json"),
                *("--checks", CHECKS),
                *("--phases", "examples,coverage,fuzzing"),
                *("--max-examples", "15", "--seed", "2601", "--continue-on-failure"),
                *("--header", f"Authorization: Bearer {token}"),
                # Ends the session that all other requests use.
                *("--exclude-path-regex", "/api/sessions/current$"),
                *("--request-timeout", "20", "--workers", "1", "--no-color"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
        audit = shop.audit()
        assert audit.returncode == 0, audit.stdout
