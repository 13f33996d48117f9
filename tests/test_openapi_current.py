"""The public API document is what the code says, and whole."""

from markethall.cli.openapi import TARGET, encoded, merged
from markethall.front.routes import RESOURCES


def test_the_document_in_the_repository_is_current() -> None:
    assert TARGET.read_text() == encoded(), "run: python -m markethall.cli.openapi"


def test_every_public_resource_is_in_it_and_nothing_internal() -> None:
    paths = merged()["paths"]
    assert {path.split("/")[2] for path in paths if path.startswith("/api/")} == {
        *RESOURCES,
        "system",
        "admin",
        "imports",
    }
    assert not [path for path in paths if "internal" in path]
    assert {"/ping", "/metrics", "/health/live", "/health/ready"} <= paths.keys()


def test_operations_have_a_summary_a_tag_and_an_id_of_their_own() -> None:
    operations = [operation for item in merged()["paths"].values() for operation in item.values()]
    assert all(operation.get("summary") and operation.get("tags") for operation in operations)
    assert len({operation["operationId"] for operation in operations}) == len(operations)
