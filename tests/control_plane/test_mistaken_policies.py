"""Mistakes in policies are refused where they are made, in words that name field and fix."""

import re
from typing import Any

import pytest
from sqlalchemy import update

from control_plane.management.policy_checks.schema_check import check_by_schema
from control_plane.store.tables import Policy
from tests.control_plane.conftest import ON_SQLITE, Platform
from tests.control_plane.mistaken_policies import LIMITS, MISTAKES, Mistake

PYTHON = re.compile(
    r"Input should|[Vv]alid (tuple|dictionary|list|string)|Field required|extra inputs|_type\b"
    r"|Traceback|Error:|NoneType|pydantic|\bstr\b|\bint\b|\bdict\b",
)
"""Words of Python and its libraries."""


def said(answer: str) -> dict[str, str]:
    """The message about each field."""
    starts = [
        m.start()
        for m in re.finditer(
            r"(?:^|(?<=; ))(?:configurationData|pointcutData|assetId)\b[^ :]*: ", answer
        )
    ]
    parts = [
        answer[a:b].removesuffix("; ") for a, b in zip(starts, [*starts[1:], None], strict=True)
    ]
    return {field: message for field, _, message in (part.partition(": ") for part in parts)}


def place(mistake: Mistake) -> str:
    """The path of the field in the body."""
    return mistake.field if mistake.field == "assetId" else f"configurationData.{mistake.field}"


def body(mistake: Mistake) -> dict[str, Any]:
    """The body of a POST."""
    return {
        "assetId": mistake.policy_type,
        "assetVersion": "1.0.0",
        "configurationData": mistake.configuration,
    }


@ON_SQLITE
async def test_each_mistake_is_refused_with_its_field_and_the_fix(platform: Platform) -> None:
    """With 400 and the protocol's form, and nothing is stored. In one test: a platform is slow."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    environment = {"ruleOfApplication": {"environmentId": platform.credentials.environment_id}}
    for url, more in (
        (f"{platform.apis}/{api_id}/policies", {}),
        (f"{platform.organization}/automated-policies", environment),
    ):
        for mistake in MISTAKES:
            answer = await platform.anyone.post(
                url, json=body(mistake) | more, headers=platform.admin.authorization
            )
            assert answer.status_code == 400, mistake
            assert answer.json()["error"] == "Bad Request"
            found = said(answer.json()["message"])
            assert found[place(mistake)].startswith(mistake.message), (mistake, found)
            assert PYTHON.search(answer.json()["message"]) is None
    assert (
        await platform.admin.ask("GET", f"{platform.apis}/{api_id}/policies?fullInfo=false") == []
    )


@pytest.mark.parametrize("mistake", [m for m in MISTAKES if m.in_schema], ids=str)
def test_the_schemas_find_what_they_can_say(mistake: Mistake) -> None:
    """Without the adapter's package, in words that are nearly the same."""
    found = check_by_schema(mistake.policy_type, mistake.configuration, None)["faults"]
    messages = {fault["field"]: fault["message"] for fault in found}
    first_words = " ".join(mistake.message.split(" ")[:3])
    assert messages[place(mistake)].startswith(first_words), messages
    assert PYTHON.search(str(messages)) is None


POINTCUTS = [
    ("GET", "/x[", "uriTemplateRegex", "'/x[' is not a regular expression of RE2: missing ]"),
    ("GET", "admin", "uriTemplateRegex", "'admin' never matches: it is matched against the whole"),
    ("GET", "/a/{id}", "uriTemplateRegex", "'/a/{id}' never matches: it is a regular expression"),
    ("GET", "/(?=a)", "uriTemplateRegex", "'/(?=a)' is not a regular expression of RE2"),
    ("GET", "/.{1000}", "uriTemplateRegex", "'/.{1000}' is too large"),
    ("GET", "*", "uriTemplateRegex", "'*' is not a regular expression of RE2"),
    ("get", "/", "methodRegex", "'get' matches no HTTP method"),
    ("GET,POST", "/", "methodRegex", "'GET,POST' matches no HTTP method"),
    ("*", "/", "methodRegex", "'*' is not a regular expression of RE2"),
    ("", "/", "methodRegex", "must not be empty"),
    (5, "/", "methodRegex", "must be text"),
    (None, "/", "methodRegex", "must be text"),
]


@ON_SQLITE
@pytest.mark.parametrize(("method", "path", "field", "told"), POINTCUTS)
async def test_a_mistaken_pointcut_is_refused(
    platform: Platform, method: Any, path: str, field: str, told: str
) -> None:
    """The other way to write a policy that never applies."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    pointcut = [
        {"methodRegex": "GET", "uriTemplateRegex": "/"},
        {"methodRegex": method, "uriTemplateRegex": path},
    ]
    asked = body(Mistake("access-block", {}, "", "")) | {"pointcutData": pointcut}
    refused = await platform.refusal("POST", f"{platform.apis}/{api_id}/policies", asked)
    assert refused.status == 400
    assert f"pointcutData.1.{field}: {told}" in str(refused)
    assert PYTHON.search(str(refused)) is None


@ON_SQLITE
async def test_all_mistakes_are_told_at_once_and_no_secret(platform: Platform) -> None:
    """One answer is enough to correct the policy."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    configuration = {
        "username": "a:b",
        "password": ["hunter2"],
        "overwrite": "hunter2",
        "hunter": "hunter2",
    }
    asked = {
        "assetId": "credential-injection-basic-auth",
        "assetVersion": "1.0.0",
        "configurationData": configuration,
        "pointcutData": [{"methodRegex": "get", "uriTemplateRegex": "x"}],
    }
    answer = await platform.anyone.post(
        f"{platform.apis}/{api_id}/policies", json=asked, headers=platform.admin.authorization
    )
    assert set(said(answer.json()["message"])) == {
        "configurationData.username",
        "configurationData.password",
        "configurationData.overwrite",
        "configurationData.hunter",
        "pointcutData.0.methodRegex",
        "pointcutData.0.uriTemplateRegex",
    }
    assert "hunter2" not in answer.text


@ON_SQLITE
async def test_many_mistakes_are_cut_short(platform: Platform) -> None:
    """An answer stays readable."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    asked = body(Mistake("ip-blocklist", {"ips": ["x"] * 1_000}, "", ""))
    answer = await platform.anyone.post(
        f"{platform.apis}/{api_id}/policies", json=asked, headers=platform.admin.authorization
    )
    found = said(answer.json()["message"])
    assert len(found) == 12
    assert found["configurationData.ips.11"].endswith("; and 988 more")


@ON_SQLITE
async def test_a_change_is_checked_as_a_whole(platform: Platform) -> None:
    """For policies of an API and automated ones: the new configuration with the old type."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    own = await admin.apply_policy(api_id, "rate-limiting", LIMITS)
    automated = await admin.apply_automated_policy("rate-limiting", LIMITS)
    for path in (
        f"{platform.apis}/{api_id}/policies/{own['id']}",
        f"{platform.organization}/automated-policies/{automated['id']}",
    ):
        before = await admin.ask("GET", path)
        for change, told in (
            ({"configurationData": {"rateLimits": []}}, "rateLimits: must not be empty"),
            ({"pointcutData": [{"methodRegex": "get", "uriTemplateRegex": "/"}]}, "write 'GET'"),
            (
                {"configuration": LIMITS},
                "configuration: unknown field; did you mean configurationData?",
            ),
            ({"disable": True}, "disable: unknown field; did you mean disabled?"),
            ({"assetId": "cors"}, "assetId: can't change"),
        ):
            refused = await platform.refusal("PATCH", path, change)
            assert refused.status == 400
            assert told in str(refused)
        assert await admin.ask("GET", path) == before
        await admin.ask("PATCH", path, {"assetId": "rate-limiting", "disabled": True})


@ON_SQLITE
async def test_a_type_of_ones_own_is_stored_if_that_is_asked_for(platform: Platform) -> None:
    """Not by mistake: the query has to say so, also for a change of the configuration."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    own = await admin.apply_policy(api_id, "our-own", {"a": 1}, allow_unknown=True)
    assert own["configurationData"] == {"a": 1}
    path = f"{platform.apis}/{api_id}/policies/{own['id']}"
    await admin.ask("PATCH", path, {"disabled": True, "order": 7})
    refused = await platform.refusal("PATCH", path, {"configurationData": {"a": 2}})
    assert "allowUnknown=true" in str(refused)
    changed = await admin.ask("PATCH", path, {"configurationData": {"a": 2}}, allowUnknown="true")
    assert changed["configurationData"] == {"a": 2}


@ON_SQLITE
async def test_a_known_type_is_checked_even_so(platform: Platform) -> None:
    """Only the type may be unknown."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    path = f"{platform.apis}/{api_id}/policies?allowUnknown=true"
    refused = await platform.refusal("POST", path, body(Mistake("rate-limiting", {}, "", "")))
    assert "configurationData.rateLimits: is required" in str(refused)
    pointcut = {"pointcutData": [{"methodRegex": "get", "uriTemplateRegex": "/"}]}
    refused = await platform.refusal("POST", path, body(Mistake("own", {}, "", "")) | pointcut)
    assert "pointcutData.0.methodRegex" in str(refused)


@ON_SQLITE
async def test_an_implementation_is_checked_as_its_type(platform: Platform) -> None:
    """Gateways read `rate-limiting-flex` as rate-limiting."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    await platform.admin.apply_policy(api_id, "rate-limiting-flex", LIMITS)
    path = f"{platform.apis}/{api_id}/policies"
    refused = await platform.refusal("POST", path, body(Mistake("rate-limiting-flex", {}, "", "")))
    assert "rateLimits: is required" in str(refused)


@ON_SQLITE
async def test_what_is_allowed_and_probably_not_meant_gets_a_warning(platform: Platform) -> None:
    """In the answer to the change; the policy itself looks as before."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    made = await admin.apply_policy(api_id, "client-id-enforcement", {})
    (warning,) = made["warnings"]
    assert "no client secret is checked" in warning
    own = f"{platform.apis}/{api_id}/policies/{made['id']}"
    assert "warnings" not in await admin.ask("GET", own)
    secret = {"clientSecretExpression": "#[attributes.headers['client_secret']]"}
    assert "warnings" not in await admin.ask("PATCH", own, {"configurationData": secret})
    (warning,) = (await admin.apply_automated_policy("client-id-enforcement", {}))["warnings"]
    assert "no client secret is checked" in warning


@ON_SQLITE
async def test_limits_by_tier_without_a_tier_get_a_warning(platform: Platform) -> None:
    """Every request would be refused. The tier may come later, so this is no mistake."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    limits = {"clientIdExpression": "#[authentication.clientId]"}
    (warning,) = (await admin.apply_policy(api_id, "rate-limiting-sla-based", limits))["warnings"]
    assert "the API instance offers no SLA tier" in warning
    await admin.create_tier(api_id, "gold", [(5, 1000)])
    made = await admin.apply_policy(api_id, "rate-limiting-sla-based", limits)
    assert "warnings" not in made


@ON_SQLITE
async def test_a_policy_that_is_broken_already_can_be_disabled(platform: Platform) -> None:
    """An older version stored mistakes."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    made = await admin.apply_policy(api_id, "rate-limiting", LIMITS)
    broken = update(Policy).values(configuration={"rateLimits": []})
    with platform.services.database.write() as session:
        session.execute(broken)
    own = f"{platform.apis}/{api_id}/policies/{made['id']}"
    assert (await admin.ask("PATCH", own, {"disabled": True}))["disabled"] is True
    changed = await admin.ask("PATCH", own, {"configurationData": LIMITS})
    assert changed["configurationData"] == LIMITS
