"""Names that an endpoint does not know are refused, so that nothing is dropped silently."""

from typing import Any

import pytest

from control_plane.protocol.parameters import IGNORED
from control_plane.protocol.routes import openapi_document
from tests.control_plane.conftest import ON_SQLITE, Platform

pytestmark = ON_SQLITE

SPEC = {"groupId": "g", "assetId": "a", "version": "1"}
LIMIT = {"maximumRequests": 1, "timePeriodInMilliseconds": 1000}


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        (
            "POST",
            "{apis}",
            {"spec": SPEC, "instanceLabels": "x"},
            "instanceLabels: unknown field; did you mean instanceLabel?",
        ),
        (
            "POST",
            "{apis}",
            {"spec": SPEC | {"vers": "1"}},
            "spec.vers: unknown field; did you mean version?",
        ),
        (
            "PATCH",
            "{apis}/1",
            {"describtion": "x"},
            "describtion: unknown field; did you mean description?",
        ),
        (
            "POST",
            "{apis}/1/policies",
            {"assetID": "cors"},
            "assetID: unknown field; did you mean assetId?",
        ),
        (
            "POST",
            "{apis}/1/policies",
            {"pointcut": []},
            "pointcut: unknown field; did you mean pointcutData?",
        ),
        (
            "POST",
            "{apis}/1/policies",
            {"pointcutData": [{"methods": "GET"}]},
            "pointcutData.0.methods: unknown field; known are methodRegex,",
        ),
        (
            "PATCH",
            "{apis}/1/policies",
            [{"id": 1, "position": 2}],
            "0.position: unknown field; known are id, order",
        ),
        (
            "POST",
            "{apis}/1/tiers",
            {"name": "x", "status": "ACTIVE", "limit": [LIMIT]},
            "limit: unknown field; did you mean limits?",
        ),
        (
            "POST",
            "{apis}/1/tiers",
            {"name": "x", "status": "ACTIVE", "limits": [LIMIT | {"period": 1}]},
            "limits.0.period: unknown field; did you mean timePeriodInMilliseconds?",
        ),
        (
            "PUT",
            "{apis}/1/tiers/1",
            {"autoAprove": True},
            "autoAprove: unknown field; did you mean autoApprove?",
        ),
        (
            "POST",
            "{apis}/1/contracts",
            {"applicationId": 1, "tier": 5},
            "tier: unknown field; did you mean tierId?",
        ),
        (
            "PATCH",
            "{apis}/1/contracts/1",
            {"state": "APPROVED"},
            "state: unknown field; did you mean status?",
        ),
        (
            "POST",
            "{applications}",
            {"name": "x", "redirectUris": []},
            "redirectUris: unknown field; did you mean redirectUri?",
        ),
        (
            "PATCH",
            "{applications}/1",
            {"title": "x"},
            "title: unknown field; known are name, description, url, redirectUri",
        ),
        (
            "POST",
            "{organization}/automated-policies",
            {"ruleOfApplication": {"environment": "e"}},
            "ruleOfApplication.environment: unknown field; did you mean environmentId?",
        ),
        (
            "POST",
            "{organization}/applications",
            {"clientId": "c", "name": "n"},
            "name: unknown field",
        ),
    ],
)
async def test_an_unknown_field_is_refused_by_name(
    platform: Platform, method: str, path: str, body: Any, told: str
) -> None:
    """A typo in a PATCH used to answer 200 and change nothing."""
    api_id, _ = await platform.api_and_application()
    await platform.admin.create_tier(api_id, "gold", [(1, 1000)])
    url = path.format(
        apis=platform.apis, applications=platform.applications, organization=platform.organization
    )
    refused = await platform.refusal(method, url, body)
    assert refused.status == 400
    assert told in str(refused)


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        (
            "GET",
            "{analytics}/summary?groupBy=api&application=x",
            "application: unknown query parameter; known are apiIds, ",
        ),
        (
            "GET",
            "{analytics}/summary?groupby=api",
            "groupby: unknown query parameter; did you mean groupBy?",
        ),
        (
            "GET",
            "{analytics}/events?format=json&field=x",
            "field: unknown query parameter; did you mean fields?",
        ),
        ("GET", "{apis}?assetid=x", "assetid: unknown query parameter; did you mean assetId?"),
        ("GET", "{apis}?families=api", "families: unknown query parameter; did you mean family?"),
        ("GET", "{apis}?family=x", "family: must be 'api', 'agentic' or 'llm'"),
        ("GET", "{apis}?filters=active,old", "filters: unknown filter 'old'; known are active and"),
        (
            "GET",
            "{apis}/1/contracts?state=APPROVED",
            "state: unknown query parameter; did you mean status?",
        ),
        (
            "GET",
            "{apis}/1/policies?fullinfo=false",
            "fullinfo: unknown query parameter; did you mean fullInfo?",
        ),
        (
            "POST",
            "{apis}/1/policies?allowUnknwon=true",
            "allowUnknwon: unknown query parameter; did you mean allowUnknown?",
        ),
        ("DELETE", "{apis}/1?force=true", "force: unknown query parameter; there is none"),
        ("GET", "{applications}?name=x", "name: unknown query parameter"),
        ("GET", "/healthz?x=1", "x: unknown query parameter; there is none"),
        ("GET", "/accounts/api/me?x=1", "x: unknown query parameter; there is none"),
        ("GET", "{feed}?curser=x", "curser: unknown query parameter; did you mean cursor?"),
    ],
)
async def test_an_unknown_parameter_is_refused_by_name(
    platform: Platform, method: str, path: str, told: str
) -> None:
    """A filter that is passed over would answer another question."""
    await platform.admin.create_api("orders")
    url = path.format(
        apis=platform.apis,
        applications=platform.applications,
        analytics=platform.analytics,
        feed=platform.feed(1),
    )
    refused = await platform.refusal(method, url)
    assert refused.status == 400
    assert told in str(refused)
    assert await platform.admin.ask("GET", f"{platform.apis}/1")


async def test_every_unknown_parameter_is_named(platform: Platform) -> None:
    """All at once, and a long name is cut."""
    refused = await platform.refusal("GET", f"{platform.apis}?b=1&a=2&{'x' * 500}=3")
    assert "a: unknown" in str(refused)
    assert "b: unknown" in str(refused)
    assert "x" * 65 not in str(refused)


async def test_what_the_vendors_clients_send_is_accepted(platform: Platform) -> None:
    """Parameters and fields that change nothing here; docs/control-plane.md lists them."""
    admin = platform.admin
    api = await admin.create_api("orders", approvalMethod="manual", endpointUri=None)
    path = f"{platform.apis}/{api['id']}"
    await admin.ask("PATCH", path, api | {"tags": ["x"]}, force="true")
    policy = {"assetId": "cors", "assetVersion": "1.0.0", "configurationData": {}}
    sent = policy | {"apiVersionId": api["id"], "label": None, "upstreamIds": []}
    made = await admin.ask("POST", f"{path}/policies", sent)
    back = {name: value for name, value in made.items() if name != "configuration"}
    await admin.ask("PATCH", f"{path}/policies/{made['id']}", back | {"order": 3})
    tier = await admin.create_tier(api["id"], "gold", [(1, 1000)])
    await admin.ask("PUT", f"{path}/tiers/{tier['id']}", tier | {"description": "d"})
    shop = {"name": "Shop", "grantTypes": [], "apiEndpoints": False}
    application = await admin.ask("POST", platform.applications, shop, apiInstanceId="1")
    del application["clientSecret"]
    await admin.ask("PATCH", f"{platform.applications}/{application['id']}", application)
    contract = await admin.request_contract(api["id"], application["id"], tier["id"])
    own = f"{path}/contracts/{contract['id']}"
    await admin.ask("PATCH", own, contract | {"requestedTierId": None})
    environment = {"name": "Test", "clientId": "", "arcNamespace": None}
    made = await admin.ask("POST", platform.environments, environment)
    await admin.ask("PUT", f"{platform.environments}/{made['id']}", made)


async def test_the_ignored_parameters_belong_to_routes(platform: Platform) -> None:
    """A route that moves takes its parameters with it."""
    paths = openapi_document()["paths"]
    for method, path in IGNORED:
        assert method.lower() in paths[path]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"name": 5, "url": True}, "name: must be text; url: must be text"),
        ({"name": ""}, "name: must not be empty"),
        ({}, "name: is required"),
        ({"name": "x" * 300}, "name: must have at most 256 characters"),
        ({"name": "x", "redirectUri": "u"}, "redirectUri: must be a list: [...]"),
        ([], "must be an object: {...}"),
        (None, "is required"),
    ],
)
async def test_a_wrong_value_is_named_in_plain_words(
    platform: Platform, body: Any, told: str
) -> None:
    """Without the words of Python and its libraries."""
    refused = await platform.refusal("POST", platform.applications, body)
    assert refused.status == 400
    assert told in str(refused)
    assert "nput should" not in str(refused)


@pytest.mark.parametrize(
    ("content", "media_type", "told"),
    [
        (b'{"name": ', "application/json", "the body is not valid JSON, see character 9"),
        (b"name=x", "application/json", "the body is not valid JSON, see character 0"),
        (
            b"name=x",
            "application/x-www-form-urlencoded",
            "with the header Content-Type: application",
        ),
        (b"", "application/json", "body: is required"),
    ],
)
async def test_a_body_that_is_not_json_is_named(
    platform: Platform, content: bytes, media_type: str, told: str
) -> None:
    """And so is the header that says what it is."""
    headers = platform.admin.authorization | {"Content-Type": media_type}
    answer = await platform.anyone.post(platform.applications, content=content, headers=headers)
    assert answer.status_code == 400
    assert told in answer.json()["message"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"name": "x",, "a": 1}', "the body is not valid JSON, see character 13"),
        ('{"name": NaN}', "NaN is not JSON (RFC 8259, 6); write a number or null"),
        ('{"name": [-Infinity]}', "-Infinity is not JSON"),
        ('{"name": "x", "a": {"b": 1, "b": 2}}', "b: occurs twice in one object; remove one"),
    ],
)
async def test_json_that_programs_read_differently_is_refused(
    platform: Platform, content: str, told: str
) -> None:
    """One of two values with the same name would win silently."""
    answer = await platform.anyone.post(
        platform.applications,
        content=content,
        headers={**platform.admin.authorization, "content-type": "application/json"},
    )
    assert answer.status_code == 400
    assert told in answer.json()["message"]


async def test_a_status_that_no_contract_has_is_refused(platform: Platform) -> None:
    """An empty list would look like an answer. Small letters are accepted, as before."""
    api_id, phone = await platform.api_and_application()
    await platform.admin.request_contract(api_id, phone["id"])
    path = f"{platform.apis}/{api_id}/contracts"
    assert (await platform.admin.ask("GET", f"{path}?status=approved"))["total"] == 1
    refused = await platform.refusal("GET", f"{path}?status=FOO")
    assert (refused.status, str(refused).count("status: must be 'PENDING'")) == (400, 1)


async def test_a_whole_number_may_have_a_point(platform: Platform) -> None:
    """5.0 is an integer for JSON Schema, and some programs write all numbers so."""
    limit = {"maximumRequests": 5.0, "timePeriodInMilliseconds": 1e3}
    tier = {"name": "gold", "status": "ACTIVE", "limits": [limit]}
    api_id = (await platform.admin.create_api("orders"))["id"]
    path = f"{platform.apis}/{api_id}/tiers"
    made = await platform.admin.ask("POST", path, tier)
    assert made["limits"] == [
        {"maximumRequests": 5, "timePeriodInMilliseconds": 1000, "visible": True}
    ]
    limit["maximumRequests"] = 5.5
    assert (await platform.refusal("POST", path, tier)).status == 400


async def test_a_wrong_path_names_what_it_knows(platform: Platform) -> None:
    """With the verbs, and with the name of the place in the path as in the answers."""
    refused = await platform.refusal("GET", f"{platform.apis}/abc/policies")
    assert "apiId: must be a whole number" in str(refused)
    refused = await platform.refusal("PUT", platform.apis)
    assert refused.status == 405
    assert "; this path knows " in str(refused)
