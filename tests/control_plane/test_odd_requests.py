"""Odd values in every place of every route: no 5xx, one form of refusal, and nothing lost."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from control_plane.management.policies import VENDOR_GROUP_ID
from control_plane.protocol.refusals import add_refusals
from tests.control_plane.conftest import ON_SQLITE, Platform
from tests.control_plane.every_route import NO_UPSTREAM, Routes, fill
from tests.rig.documented_answers import DocumentedAnswers

pytestmark = pytest.mark.no_cover
"""Other tests reach the same lines, and these send many thousand requests."""

DATES = (
    "Mon, 01 Jan 2024 00:00:00 +999999999999999",
    "Mon, 01 Jan 2024 00:00:00 +2400",
    "Mon, 01 Jan 9999 23:59:59 -2359",
    "Mon, 01 Jan 0001 00:00:00 +2359",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "Mon, 99 Foo 2024 99:99:99 GMT",
    f"Mon, 01 Jan {'9' * 5000} 00:00:00 GMT",
)
NUMBERS = ("-1", "0", "1e30", "9" * 30, "9" * 5000, "²", "nan", "1_0", "0x10", "1.0")
TEXTS = ("", "%00", "%ED%A0%80", "%", "%25%", "a" * 5000, "%5B" * 300, "../..", "'\"\\")
DEEP: Any = {}
for _ in range(260):
    DEEP = {"a": DEEP}
VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**63, 10**400, 1.5, float("inf"), float("nan")),
    *("", "\ud800", "a\0b", "x" * 100_000, [], {}, [None], ["\udfff"], {"\ud800": 1}, DEEP),
)
RAW = (
    *(b"", b"{", b"null", b"1", b"\xff", b"\0", b"{}", b"[]", b"[{}]", b'"x"', b"\xef\xbb\xbf{}"),
    *('{"name": "x"}'.encode("utf-16"), b"[" * 100_000, b'{"a":' * 300, b"[1" + b"0" * 5000 + b"]"),
)


@pytest.fixture
async def admin(platform: Platform) -> AsyncIterator[httpx.AsyncClient]:
    """An admin's client that sees a failure of the server as its answer."""
    transport = DocumentedAnswers(httpx.ASGITransport(platform.app, raise_app_exceptions=False))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://platform.test", headers=platform.admin.authorization
    ) as client:
        yield client


def _require_plain(response: httpx.Response, asked: str) -> None:
    """An answer that is no failure; if it is a refusal, in the form that all have."""
    assert response.status_code < 500, f"{asked}: {response.status_code} {response.text[:200]}"
    if response.status_code >= 400:
        document = response.json()
        # What is wrong with an environment file is also in a list.
        assert document.keys() - {"errors"} == {"error", "message"}, asked
        assert len(document["message"]) <= 2000, asked


async def _require_lists(platform: Platform, admin: httpx.AsyncClient) -> None:
    """What is stored can be read by admins and gateways."""
    credentials = platform.credentials
    automated = f"automated-policies?environmentId={credentials.environment_id}"
    for url in (
        *(platform.apis, platform.applications, f"{platform.organization}/{automated}"),
        *(f"{platform.apis}/1/{name}" for name in ("policies", "tiers", "contracts")),
        *(f"{platform.apis}/1/policies?fullInfo=false", platform.feed(1)),
    ):
        response = await admin.get(url, headers={"X-Accept-Hash-Algorithm": "sha256"})
        assert response.status_code in (200, 404), f"{url}: {response.text[:200]}"


@ON_SQLITE
async def test_odd_ids_and_methods(platform: Platform, admin: httpx.AsyncClient) -> None:
    """Ids that no row has, and methods that no route has."""
    routes = Routes(platform)
    for method, path, operation in routes:
        names = [part["name"] for part in operation.get("parameters", ()) if part["in"] == "path"]
        for name in names:
            for value in (*NUMBERS, *TEXTS):
                url = routes.url(path, **{name: value})
                _require_plain(await admin.request(method, url), f"{method} {url[:300]}")
        for other in ("TRACE", "OPTIONS", "HEAD", "FOO"):
            response = await admin.request(other, routes.url(path))
            if other != "HEAD":
                _require_plain(response, f"{other} {path}")


async def test_odd_parameters_and_headers(platform: Platform, admin: httpx.AsyncClient) -> None:
    """Numbers, dates and texts of all kinds, one at a time."""
    await fill(platform)
    routes = Routes(platform)
    needed = {"environmentId": platform.credentials.environment_id, "format": "json"}
    needed |= {"groupBy": "api"}
    common = {"X-Accept-Hash-Algorithm": "sha256"}
    for method, path, operation in routes:
        if method != "GET":
            continue
        parts = operation.get("parameters", ())
        needed_here = {
            part["name"]: needed[part["name"]] for part in parts if part["name"] in needed
        }
        for part in parts:
            for value in (*NUMBERS, *DATES, *TEXTS):
                url, name = routes.url(path), part["name"]
                if part["in"] == "query":
                    query = needed_here | {name: value}
                    text = "&".join(f"{key}={each}" for key, each in query.items())
                    response = await admin.get(f"{url}?{text}", headers=common)
                elif part["in"] == "header":
                    odd = common | {name: value.encode()}
                    response = await admin.get(url, headers=odd)  # type: ignore[arg-type]
                else:
                    continue
                _require_plain(response, f"{path} {name}={value[:100]}")


@ON_SQLITE
@pytest.mark.parametrize("name", ["Host", "Content-Type", "Authorization", "Accept", "Connection"])
async def test_odd_headers_of_every_request(
    platform: Platform, admin: httpx.AsyncClient, name: str
) -> None:
    """Headers that each request has, with values that no client sends."""
    await fill(platform)
    routes = Routes(platform)
    values = ("", "[", "a b", "[::1", "x" * 60_000, "\xff", "Bearer ", "a/b; charset=\xff", "json")
    for method, path, operation in routes:
        if method == "DELETE":
            continue
        for value in values:
            headers = {"X-Accept-Hash-Algorithm": b"sha256", name: value.encode("latin-1")}
            url = routes.url(path)
            if any(part["name"] == "environmentId" for part in operation.get("parameters", ())):
                url += f"?environmentId={platform.credentials.environment_id}"
            response = await admin.request(method, url, headers=headers, content=b"{}")  # type: ignore[arg-type]
            _require_plain(response, f"{method} {path} {name}: {value[:100]}")


def _good_bodies(platform: Platform) -> dict[tuple[str, str], Any]:
    """A body for each route that takes one, by method and the end of the path."""
    policy = {
        "assetId": "our-own",
        "assetVersion": "1.0.0",
        "groupId": VENDOR_GROUP_ID,
        "policyTemplateId": "5",
        "configurationData": {"a": 1},
        "pointcutData": [{"methodRegex": "GET", "uriTemplateRegex": "/"}],
        "order": 1,
        "disabled": False,
        "label": "l",
        "upstreamIds": [NO_UPSTREAM],
    }
    rule = {
        "environmentId": platform.credentials.environment_id,
        "organizationId": platform.credentials.organization_id,
        "technologies": ["flexGateway"],
        "range": {"from": "1", "to": "2"},
    }
    api = {
        "instanceLabel": "blue",
        "endpoint": {"uri": "http://a.test"},
        "providerId": "p",
        "description": "d",
        "tags": ["t"],
        "deprecated": False,
        "assetVersion": "1.0.0",
    }
    upstream: Any = {"uri": "http://a.test", "label": "l", "tlsContext": {"secretGroupId": "g"}}
    route = {"rules": {"path": "/"}, "upstreams": [{"uri": "http://a.test", "weight": 1}]}
    kept = {"endpointUri": "http://a.test", "deployment": {"type": "HY"}, "routing": [route]}
    limits = [{"maximumRequests": 1, "timePeriodInMilliseconds": 1, "visible": True}]
    tier = {"name": "t", "status": "ACTIVE", "limits": limits, "autoApprove": True}
    application: dict[str, Any] = {"name": "n", "description": "d", "url": "http://a.test"}
    application |= {"redirectUri": ["u"], "grantTypes": ["password"], "apiEndpoints": True}
    contract = {"applicationId": 1, "requestedTierId": 1, "requestAccessInfo": {"reason": "r"}}
    contract |= {"acceptedTerms": True, "partyId": "p", "partyName": "n"}
    of_application: dict[str, Any] = {
        "apiId": "1",
        "environmentId": platform.credentials.environment_id,
    }
    of_application |= {"requestedTierId": 1, "assetId": "orders", "instanceType": "api"}
    spec = {"groupId": "g", "assetId": "a", "version": "1"}
    imported = {"clientId": "c", "providerId": "2e71d283-6248-4c81-98eb-e254a89b7e0a"}
    alert = {
        "name": "n",
        "type": "api-response-code",
        "condition": {"aggregate": "500", "operator": "GREATER_THAN", "value": 1},
        "period": {"repeat": 1, "duration": {"count": 5, "weight": "MINUTES"}},
        "recipients": [{"type": "email", "value": "a@b.test", "firstName": "a", "lastName": "b"}],
    }
    environment = {"name": "e", "type": "design", "isProduction": False}
    file = {"groupId": "g", "assetId": "a", "assetVersion": "1", "endpoint": {"uri": "http://a.b"}}
    token = {"grant_type": "client_credentials", "client_id": "c", "client_secret": "s"}
    return {
        ("POST", "/apis"): api | {"spec": spec, "promote": {}, "technology": "mule4"},
        ("PATCH", "/apis/{api_id}"): api | kept,
        ("PUT", "/apis/{api_id}"): {"tags": ["t"]},
        ("POST", "/upstreams"): upstream,
        ("PATCH", "/upstreams/{upstream_id}"): upstream,
        ("POST", "/policies"): policy,
        ("POST", "/graphql"): {"query": "{ assets(types: 5) { name } }", "variables": {"a": 1}},
        ("POST", "/outbound-policies"): {"upstreamIds": [NO_UPSTREAM]},
        ("PATCH", "/policies"): [{"id": 1, "order": 1}],
        ("PATCH", "/policies/{policy_id}"): policy,
        ("POST", "/automated-policies"): policy | {"ruleOfApplication": rule},
        ("PATCH", "/automated-policies/{policy_id}"): policy | {"ruleOfApplication": rule},
        ("POST", "/tiers"): tier | {"description": "d"},
        ("PUT", "/tiers/{tier_id}"): tier | {"description": "d"},
        ("POST", "/contracts"): contract,
        ("PATCH", "/contracts/{contract_id}"): {"status": "APPROVED", "tierId": 1}
        | {"requestedTierId": 1},
        ("POST", "v2/organizations/{organization_id}/applications"): application,
        ("PATCH", "/applications/{application_id}"): application,
        ("PUT", "/applications/{application_id}"): {"name": "n"},
        ("POST", "/applications/{application_id}/contracts"): of_application,
        ("POST", "/{decision}"): {},
        ("POST", "v1/organizations/{organization_id}/applications"): imported,
        ("POST", "/alerts"): alert,
        ("PATCH", "/alerts/{uid}"): alert,
        ("POST", "/oauth2/token"): token,
        ("POST", "/login"): {"username": "u", "password": "p"},
        ("POST", "/environments"): environment,
        ("PUT", "/environments/{environment_id}"): environment,
        ("PUT", "/configuration"): {
            "version": 1,
            "apis": [file | {"contracts": [{"clientId": "c"}]}],
        },
    }


LEFT_OUT = (
    "/tags/{tag}",
    "/policies/{policy_id}/{action}",
    "/secret/reset",
    "/v2/analytics/events",
    "/report",
    "/configuration/diff",
)
"""Routes without JSON, those of gateways, whose odd bodies have tests of their own, and one that
reads the same body as another."""


def _mutations(good: Any) -> Iterator[Any]:
    """The body with each of its values, at every level, replaced by each odd one."""
    yield from VALUES
    if isinstance(good, dict):
        for name, inner in good.items():
            yield from (good | {name: odd} for odd in _mutations(inner))
        yield from (good | {"unknown": odd} for odd in VALUES)
    elif isinstance(good, list):
        yield from ([odd, *good[1:]] for odd in _mutations(good[0]))


BODIES = 29
"""How many `_good_bodies` there are."""


@pytest.mark.parametrize("which", range(BODIES))
async def test_odd_bodies(platform: Platform, admin: httpx.AsyncClient, which: int) -> None:
    """Every value of every body replaced; afterwards all that is stored can be read."""
    await fill(platform)
    (method, end), good = list(_good_bodies(platform).items())[which]
    routes = Routes(platform)
    [path, *_] = [path for verb, path, _ in routes if verb == method and path.endswith(end)]
    headers = {"Content-Type": "application/json", "If-Match": "*"}
    encoded = [json.dumps(body).encode() for body in _mutations(good)]
    for content in (*RAW, *encoded):
        url = routes.url(path)
        if "policies" in end and not isinstance(good, list):
            url += "?allowUnknown=true"  # what is stored is to be odd
        response = await admin.request(method, url, content=content, headers=headers)
        _require_plain(response, f"{method} {path} {content[:300]!r}")
    await _require_lists(platform, admin)


async def test_every_route_with_a_body_is_among_the_odd_ones(platform: Platform) -> None:
    """A new route needs a good body here, from which the odd ones are made."""
    ends = _good_bodies(platform)
    assert len(ends) == BODIES
    for method, path, _ in Routes(platform):
        if method in ("POST", "PUT", "PATCH") and not path.endswith(LEFT_OUT):
            assert any(method == verb and path.endswith(end) for verb, end in ends), path


async def test_a_failure_of_the_server_has_the_form_of_a_refusal() -> None:
    """A program that reads `error` and `message` must not stumble over a 500."""

    def fail() -> None:
        raise ZeroDivisionError

    app = FastAPI()
    app.add_api_route("/", fail)
    add_refusals(app)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://a.test") as client:
        response = await client.get("/")
    assert response.status_code == 500
    assert response.json().keys() == {"error", "message"}
