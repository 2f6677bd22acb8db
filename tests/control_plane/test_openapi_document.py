"""The OpenAPI document: who may read it, and what it tells that FastAPI does not know.

`test_generated_requests` and all tests that ask for JSON hold the answers against it.
"""

from typing import Any

import pytest

from control_plane.protocol.routes import openapi_document
from tests.control_plane.conftest import ON_SQLITE, Platform

APIS = "/apimanager/api/v1/organizations/{organization_id}/environments/{environment_id}/apis"
DOCUMENT = openapi_document()


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """All operations, by method and path."""
    return [
        (method, path, operation)
        for path, found in DOCUMENT["paths"].items()
        for method, operation in found.items()
    ]


def operation(method: str, path: str) -> dict[str, Any]:
    """One operation."""
    found: dict[str, Any] = DOCUMENT["paths"][path][method]
    return found


@ON_SQLITE
async def test_anyone_may_read_it(platform: Platform) -> None:
    """It has nothing of the installation: no name, no id, no address."""
    response = await platform.anyone.get("/openapi.json")
    assert response.status_code == 200
    assert response.json() == DOCUMENT
    for told in (platform.credentials.organization_id, platform.credentials.environment_id):
        assert told not in response.text


@pytest.mark.parametrize(
    ("method", "path", "statuses"),
    [
        ("get", f"{APIS}/{{api_id}}", {"200", "400", "401", "403", "404", "503"}),
        (
            "post",
            f"{APIS}/{{api_id}}/tiers",
            {"201", "400", "401", "403", "404", "408", "409", "413", "503"},
        ),
        ("get", "/accounts/api/me", {"200", "400", "401", "503"}),
        ("post", "/accounts/login", {"200", "400", "401", "408", "413", "429", "503"}),
        ("get", "/policy-control-plane/v1/client/quota", {"200", "400", "401", "429", "503"}),
        ("post", "/v2/analytics/events", {"200", "400", "401", "403", "408", "413", "503"}),
        ("get", f"{APIS}/{{api_id}}/policies", {"200", "304", "400", "401", "403", "404", "503"}),
        ("get", "/healthz", {"200", "400"}),
    ],
)
def test_an_operation_lists_other_statuses(method: str, path: str, statuses: set[str]) -> None:
    """One example of each kind of operation."""
    assert operation(method, path)["responses"].keys() == statuses


def test_all_refusals_have_one_form() -> None:
    """Also none is answered 422, which FastAPI would say."""
    for _, path, found in operations():
        assert "422" not in found["responses"], path
        for status, answer in found["responses"].items():
            assert ("$ref" in answer) is (int(status) >= 400), path
    for answer in DOCUMENT["components"]["responses"].values():
        schema = answer["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Refusal"}
        assert answer["description"]


def test_every_answer_has_a_shape() -> None:
    """A new endpoint needs a note with its shape, see `described`."""
    for method, path, found in operations():
        for status, answer in found["responses"].items():
            for media_type, content in answer.get("content", {}).items():
                assert content["schema"] or path == "/openapi.json", (method, path, status)
                assert content["schema"].get("additionalProperties") is not True, (
                    *(method, path, media_type),
                )


def test_bodies_that_endpoints_read_themselves_are_missing() -> None:
    """Tokens as a form or JSON, and batches of events."""
    for path in ("/accounts/oauth2/token", "/accounts/login"):
        content = operation("post", path)["requestBody"]["content"]
        assert content.keys() == {"application/json", "application/x-www-form-urlencoded"}
    ingest = operation("post", "/v2/analytics/events")
    [gzip] = ingest["parameters"]
    assert (gzip["name"], gzip["schema"]["enum"]) == ("Content-Encoding", ["gzip"])
    schema = ingest["requestBody"]["content"]["application/json"]["schema"]
    assert schema == {"type": "array", "items": {"$ref": "#/components/schemas/Event"}}
    for method, path, found in operations():
        if method in ("post", "put", "patch"):
            bodyless = ("/secret/reset", "/tags/{tag}", "/{action}")
            assert ("requestBody" in found) is not path.endswith(bodyless), path


def test_lists_and_their_order_are_described() -> None:
    """Names to sort by, lists in one text, and parameters without effect."""
    parameters = {each["name"]: each for each in operation("get", APIS)["parameters"]}
    assert parameters["sort"]["schema"]["enum"] == ["name", "id", "createdDate", "updatedDate"]
    assert parameters["filters"]["schema"]["items"]["enum"] == ["active", "pinned"]
    assert (parameters["filters"]["style"], parameters["filters"]["explode"]) == ("form", False)
    one = {each["name"]: each for each in operation("get", f"{APIS}/{{api_id}}")["parameters"]}
    assert one["includeTlsContexts"]["description"] == "Accepted, without effect."


def test_fields_without_effect_are_described() -> None:
    """A body may have them, although it may have no other unknown field."""
    tier = DOCUMENT["components"]["schemas"]["NewTier"]
    assert tier["additionalProperties"] is False
    assert tier["properties"]["applicationCount"] == {"description": "Accepted, without effect."}


def test_two_operations_have_one_name() -> None:
    """Generators of clients make a function of each."""
    names = [found["operationId"] for _, _, found in operations()]
    assert len(names) == len(set(names))
