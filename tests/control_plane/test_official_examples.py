"""Every documented member of an official answer is there with its type, or left out on purpose."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.control_plane.conftest import ON_SQLITE, Platform
from tests.control_plane.official_bodies import ALERT_EXAMPLE
from tests.control_plane.official_members import (
    ALERT,
    ASSET,
    AUTOMATED_POLICY,
    CHANGED_API,
    CONTRACT,
    LISTED_TIER,
    LIVE_POLICY,
    MADE,
    MADE_API,
    MADE_CONTRACT,
    POLICY,
    POLICY_TEMPLATE,
    READ_API,
    TIER,
    UPSTREAM,
    Shape,
)

pytestmark = ON_SQLITE

NO_MULE = "policies are not implemented as Mule artifacts here"
NO_TEMPLATE = "the official text says that this form comes without template"
NO_GATEWAY = "what adapters report is in the console, so no API instance has a last activity"
NO_PROXY = "there are no proxies to deploy; what a client sent of this is shown"
NO_OWNER = "applications belong to the organization, and have no owner"
PLACEHOLDER = "the document has a placeholder here; the answer is the thing itself"
SECRET_ONCE = "a secret is shown when it is made, and is kept only as a hash"

IMPLEMENTATION = {
    "implementationAsset.minRuntimeVersion": NO_MULE,
    "implementationAsset.supportedJavaVersions": NO_MULE,
}
ENDPOINT = dict.fromkeys(
    (
        "endpoint.audit",
        "endpoint.id",
        "endpoint.policiesVersion",
        "endpoint.lastActiveDate",
    ),
    NO_PROXY,
)
OF_MADE_CONTRACT = {
    "application.clientSecret": SECRET_ONCE,
    "application.owner": NO_OWNER,
    "application.email": NO_OWNER,
}
OF_CHANGED_API = {
    **ENDPOINT,
    **dict.fromkeys(
        ("endpoint.masterOrganizationId", "endpoint.organizationId", "endpoint.apiId"), NO_PROXY
    ),
}
OF_READ_API = {
    **ENDPOINT,
    "endpoint.validation": NO_PROXY,
    "deployment": NO_PROXY,
    "lastActiveDelta": NO_GATEWAY,
}


@dataclass(frozen=True)
class Ids:
    """What `_everything` has made."""

    api: int
    application: int
    tier: int
    contract: int
    policy: int
    automated: int
    alert: str
    upstream: str


RATE_LIMITS = {"rateLimits": [{"maximumRequests": 5, "timePeriodInMilliseconds": 1000}]}


async def _everything(platform: Platform) -> Ids:
    """One of each, with every optional member that a client can set."""
    admin = platform.admin
    endpoint = {
        "type": "http",
        "uri": "http://orders.test",
        "proxyUri": "http://0.0.0.0:8081/api",
        "isCloudHub": None,
        "deploymentType": "HY",
    }
    api = (await admin.create_api("orders", endpoint=endpoint, tags=["x"]))["id"]
    pointcut = [{"methodRegex": "GET", "uriTemplateRegex": "/v1"}]
    fields: dict[str, Any] = {"policyTemplateId": "1939", "pointcutData": pointcut}
    policy = await admin.apply_policy(api, "rate-limiting", RATE_LIMITS, **fields)
    rule = {
        "environmentId": platform.credentials.environment_id,
        "range": {"from": "4.1.1", "to": "4.3.x"},
    }
    automated = await admin.apply_automated_policy(
        "cors", {}, policyTemplateId="2", ruleOfApplication=rule
    )
    tier = (await admin.create_tier(api, "gold", [(5, 1000)]))["id"]
    application = (await admin.create_application("phone"))["id"]
    body = {
        "applicationId": application,
        "requestedTierId": tier,
        "requestAccessInfo": {"reason": "why not"},
    }
    contract = (await admin.ask("POST", f"{platform.apis}/{api}/contracts", body))["id"]
    [alert] = await admin.ask("POST", f"{platform.apis}/{api}/alerts", ALERT_EXAMPLE)
    upstream = await admin.ask("POST", f"{platform.apis}/{api}/upstreams", {"uri": "http://a.test"})
    return Ids(
        api, application, tier, contract, policy["id"], automated["id"], alert["id"], upstream["id"]
    )


def differences(shape: Shape, found: Any, path: str = "") -> Iterator[str]:
    """The members that `found` lacks, or has with another type."""
    if isinstance(shape, dict):
        if not isinstance(found, dict):
            yield path
            return
        for name, member in shape.items():
            place = f"{path}.{name}".lstrip(".")
            if name in found:
                yield from differences(member, found[name], place)
            else:
                yield place
    elif isinstance(shape, list):
        if not isinstance(found, list) or not found:
            yield path
            return
        for entry in found:
            yield from differences(shape[0], entry, path)
    elif not isinstance(found, shape) or (shape is int and isinstance(found, bool)):
        yield path


API = "{apis}/{ids.api}"
AUTOMATED = "{organization}/automated-policies"
GOOD = {"assetVersion": "1.0.0", "configurationData": {}}

OPERATIONS: list[tuple[str, str, Any, Shape, Mapping[str, str]]] = [
    ("GET", "{apis}", None, {"total": int, "assets": [ASSET]},
     {"assets.apis.lastActiveDelta": NO_GATEWAY}),
    ("GET", API, None, READ_API, OF_READ_API),
    ("PATCH", API, {"tags": ["y"]}, CHANGED_API, OF_CHANGED_API),
    ("PUT", API, {"tags": ["y"]}, CHANGED_API, OF_CHANGED_API),
    ("PUT", API + "/tags/z", None, MADE, {"message": PLACEHOLDER}),
    ("GET", API + "/autodiscoveryProperties?gatewayVersion=4.6.0", None,
     {"total": int, "data": list}, {"total": PLACEHOLDER, "data": PLACEHOLDER}),
    ("GET", API + "/upstreams", None, {"total": int, "upstreams": [UPSTREAM]}, {}),
    ("POST", API + "/upstreams", {"uri": "http://b.test"}, {**UPSTREAM, **MADE},
     {"message": PLACEHOLDER}),
    ("GET", API + "/upstreams/{ids.upstream}", None, UPSTREAM, {}),
    ("PATCH", API + "/upstreams/{ids.upstream}", {"uri": "http://b.test"}, UPSTREAM, {}),
    ("POST", "{organization}/applications",
     {"clientId": "c", "providerId": "2e71d283-6248-4c81-98eb-e254a89b7e0a"}, MADE, {}),
    ("GET", API + "/policies?fullInfo=false", None, [POLICY],
     {"implementationAsset": NO_TEMPLATE}),
    ("GET", API + "/policies", None, {"policies": [{**LIVE_POLICY, **POLICY}]},
     {f"policies.{path}": reason for path, reason in IMPLEMENTATION.items()}),
    ("GET", API + "/policies/{ids.policy}", None, POLICY, IMPLEMENTATION),
    ("PATCH", API + "/policies/{ids.policy}", {"order": 2}, POLICY, IMPLEMENTATION),
    ("PATCH", API + "/policies", [], [POLICY], IMPLEMENTATION),
    ("GET", AUTOMATED + "?environmentId={environment}", None,
     {"automatedPolicies": [AUTOMATED_POLICY], "total": int}, {}),
    ("GET", AUTOMATED + "/{ids.automated}", None, AUTOMATED_POLICY, {}),
    ("PATCH", AUTOMATED + "/{ids.automated}", {"disabled": True}, AUTOMATED_POLICY, {}),
    ("GET", "{organization}/policy-templates", None,
     [POLICY_TEMPLATE], {}),
    ("GET", "{organization}/policy-templates/cors", None, POLICY_TEMPLATE, {}),
    ("GET", API + "/tiers", None, {"total": int, "tiers": [LISTED_TIER]}, {}),
    ("POST", API + "/tiers",
     {"name": "iron", "status": "ACTIVE", "autoApprove": True, "description": "d",
      "limits": [{"maximumRequests": 1, "timePeriodInMilliseconds": 1000}]}, LISTED_TIER, {}),
    ("PUT", API + "/tiers/{ids.tier}", {"description": "d"}, TIER, {}),
    ("GET", API + "/contracts", None, {"total": int, "contracts": [CONTRACT]}, {}),
    ("GET", API + "/contracts/{ids.contract}", None, CONTRACT, {}),
    ("PATCH", API + "/contracts/{ids.contract}", {"status": "APPROVED"}, MADE_CONTRACT,
     OF_MADE_CONTRACT),
    ("GET", API + "/alerts", None, [ALERT], {}),
    ("POST", API + "/alerts", ALERT_EXAMPLE, [ALERT], {}),
    ("GET", API + "/alerts/{ids.alert}", None, ALERT, {}),
    ("PATCH", API + "/alerts/{ids.alert}", ALERT_EXAMPLE, ALERT, {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "body", "shape", "left_out"),
    OPERATIONS,
    ids=[f"{method} {path}" for method, path, *_ in OPERATIONS],
)
async def test_a_documented_member_is_missing_or_has_another_type(
    platform: Platform,
    *,
    method: str,
    path: str,
    body: Any,
    shape: Shape,
    left_out: Mapping[str, str],
) -> None:
    """What is listed as left out is left out, so that the list stays true."""
    ids = await _everything(platform)
    url = path.format(
        apis=platform.apis,
        organization=platform.organization,
        environment=platform.credentials.environment_id,
        ids=ids,
    )
    answer = await platform.admin.ask(method, url, body)
    assert set(differences(shape, answer)) == left_out.keys()


async def test_what_was_made_looks_as_documented(platform: Platform) -> None:
    """Each POST answers the thing that it made."""
    admin = platform.admin
    assert set(differences(MADE_API, await admin.create_api("cats"))) == {"lastActiveDelta"}
    ids = await _everything(platform)
    other = (await admin.ask("POST", platform.environments, {"name": "Copies"}))["id"]
    apis = platform.apis.replace(platform.credentials.environment_id, other)
    copied = await admin.ask("POST", apis, {"promote": {"originApiId": ids.api}})
    assert set(differences(MADE_API, copied)) == {"lastActiveDelta"}
    pointcut = [{"methodRegex": "GET", "uriTemplateRegex": "/v1"}]
    policy = await admin.apply_policy(
        ids.api, "cors", {}, policyTemplateId="2", pointcutData=pointcut
    )
    assert set(differences({**LIVE_POLICY, **POLICY}, policy)) == IMPLEMENTATION.keys()
    path = f"{platform.organization}/automated-policies"
    rule = (await admin.ask("GET", f"{path}/{ids.automated}"))["ruleOfApplication"]
    automated = await admin.apply_automated_policy(
        "access-block", {}, policyTemplateId="3", ruleOfApplication=rule
    )
    assert set(differences(AUTOMATED_POLICY, automated)) == set()
    body = {
        "applicationId": (await admin.create_application("watch"))["id"],
        "requestedTierId": ids.tier,
        "requestAccessInfo": {"reason": "why not"},
    }
    contract = await admin.ask("POST", f"{platform.apis}/{ids.api}/contracts", body)
    assert set(differences(MADE_CONTRACT, contract)) == OF_MADE_CONTRACT.keys()


@pytest.mark.parametrize("path", ["policies", "tiers", "contracts", "alerts"])
async def test_a_refusal_looks_as_documented(platform: Platform, path: str) -> None:
    """`error` is the status in words, `message` says what is wrong."""
    ids = await _everything(platform)
    response = await platform.anyone.post(
        f"{platform.apis}/{ids.api}/{path}", json={}, headers=platform.admin.authorization
    )
    assert response.status_code == 400
    assert response.json()["error"] == "Bad Request"
    assert set(differences({"error": str, "message": str}, response.json())) == set()
