"""cors, as its page in docs/policies says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.decision import Allowed, Answered
from adapter.policy.request.attributes import RequestAttributes
from adapter.policy.verdicts import DenyReason, Identity
from tests.builders import applied, contract
from tests.unit.policy.gateway import Gateway, a_request, credentials

SHOP = "https://shop.example.com"
GROUP: dict[str, Any] = {
    "originGroupName": "shops",
    "origins": [SHOP, "HTTP://Other.example.com:8080/"],
    "allowedMethods": [
        {"methodName": "PUT", "isAllowed": True},
        {"methodName": "get", "isAllowed": True},
        {"methodName": "DELETE", "isAllowed": False},
    ],
    "headers": ["X-Token", "content-type"],
    "exposedHeaders": ["x-total", "x-page"],
}
VARY = ("vary", "Origin")


def grouped(**changes: Any) -> Gateway:
    """An API for the pages of a few origins."""
    configuration = {"publicResource": False, "originGroups": [GROUP]} | changes
    return Gateway(applied("cors", configuration))


def from_page(origin: str = SHOP, **fields: Any) -> RequestAttributes:
    """A request that a script on a page makes."""
    return a_request({"origin": origin}, **fields)


def preflight(origin: str = SHOP, method: str = "PUT", headers: str | None = None) -> Any:
    """What a browser asks before it lets a script make a request."""
    asked = {} if headers is None else {"access-control-request-headers": headers}
    sent = {"origin": origin, "access-control-request-method": method} | asked
    return a_request(sent, method="OPTIONS")


def test_a_public_resource_is_readable_for_every_page() -> None:
    """The default: any origin, without credentials."""
    allowed = Gateway(applied("cors")).allows(from_page("https://anyone.test"))
    assert allowed.response_headers == (("access-control-allow-origin", "*"),)


def test_a_public_resource_grants_what_a_preflight_asks_for() -> None:
    """Any method, any header, without an error and without asking the service."""
    answered = Gateway(applied("cors")).answers(
        preflight("https://anyone.test", "PATCH", "x-a, x-b")
    )
    assert answered.response.status == 204
    assert dict(answered.response.headers) == {
        "access-control-allow-origin": "*",
        "access-control-max-age": "30",
        "access-control-allow-methods": "PATCH",
        "access-control-allow-headers": "x-a, x-b",
    }


@pytest.mark.parametrize(
    "hostile", ["a\r\nset-cookie: x=1", "a b", "<script>", "\x00", "a;,b", "", "x" * 2_000]
)
def test_what_is_no_list_of_names_is_not_sent_back(hostile: str) -> None:
    """A preflight cannot write into its own answer."""
    answered = Gateway(applied("cors")).answers(preflight(method=hostile, headers=hostile))
    assert {name for name, _ in answered.response.headers} == {
        "access-control-allow-origin",
        "access-control-max-age",
    }


def test_credentials_are_never_for_everybody() -> None:
    """A public resource does not allow pages to read data as the logged-in user."""
    gateway = Gateway(applied("cors", {"publicResource": True, "supportCredentials": True}))
    assert "access-control-allow-credentials" not in dict(
        gateway.answers(preflight()).response.headers
    )
    assert gateway.allows(from_page()).response_headers == (("access-control-allow-origin", "*"),)


def test_a_listed_origin_may_read_what_is_exposed() -> None:
    """The response names that origin, and caches learn that it depends on it."""
    allowed = grouped().allows(from_page())
    assert allowed.response_headers == (
        ("access-control-allow-origin", SHOP),
        ("access-control-expose-headers", "x-total, x-page"),
    )
    assert allowed.append_response_headers == (VARY,)


@pytest.mark.parametrize("origin", [SHOP, "http://other.example.com:8080"])
def test_a_preflight_of_a_listed_origin_is_granted(origin: str) -> None:
    """The answer is that of the origin's group."""
    answered = grouped().answers(preflight(origin, headers="x-token,Content-Type"))
    assert answered.response.status == 204
    assert answered.response.headers == (
        ("access-control-allow-origin", origin),
        ("access-control-allow-methods", "PUT, GET"),
        ("access-control-allow-headers", "X-Token, content-type"),
        ("access-control-max-age", "30"),
        VARY,
    )


def test_each_group_has_its_own_answer() -> None:
    """Max age and methods differ between groups."""
    other = {
        "origins": ["https://b.test"],
        "accessControlMaxAge": 600,
        "allowedMethods": [{"methodName": "POST", "isAllowed": True}],
    }
    gateway = grouped(originGroups=[GROUP, other])
    headers = dict(gateway.answers(preflight("https://b.test", "POST")).response.headers)
    assert (headers["access-control-max-age"], headers["access-control-allow-methods"]) == (
        "600",
        "POST",
    )
    refused = gateway.answers(preflight("https://b.test", "PUT"))
    assert refused.response.headers == (VARY,)


ASTERISK = GROUP | {"headers": ["*"]}


@pytest.mark.parametrize("credentials", [False, True])
def test_an_asterisk_among_headers_grants_whatever_is_asked_for(credentials: bool) -> None:
    """By name: to browsers, an asterisk is a name like others where there are credentials."""
    gateway = grouped(originGroups=[ASTERISK], supportCredentials=credentials)
    answered = gateway.answers(preflight(headers="X-Token, authorization"))
    headers = dict(answered.response.headers)
    assert headers["access-control-allow-headers"] == "X-Token, authorization"
    assert headers["access-control-allow-methods"] == "PUT, GET"
    assert headers["access-control-allow-origin"] == SHOP
    assert ("access-control-allow-credentials" in headers) is credentials
    unasked = dict(gateway.answers(preflight()).response.headers)
    assert "access-control-allow-headers" not in unasked
    assert unasked["access-control-allow-methods"] == "PUT, GET"


@pytest.mark.parametrize(
    "hostile", ["a\r\nset-cookie: x=1", "a b", "<script>", "a;,b", "x" * 2_000, "a\x00"]
)
def test_an_asterisk_sends_nothing_back_that_is_no_list_of_names(hostile: str) -> None:
    """A preflight cannot write into its own answer."""
    methods = [{"methodName": "*", "isAllowed": True}]
    gateway = grouped(originGroups=[ASTERISK | {"allowedMethods": methods}])
    for asked in (preflight(headers=hostile), preflight(method=hostile)):
        assert gateway.answers(asked).response.headers == (VARY,)


@pytest.mark.parametrize(
    ("asked", "granted"),
    [("x,,y", "x, y"), ("x,", "x"), (", x ,\t,y, ", "x, y"), (",", None), ("", None)],
)
@pytest.mark.parametrize("public", [False, True])
def test_empty_members_of_a_list_of_names_are_ignored(
    asked: str, granted: str | None, public: bool
) -> None:
    """As every recipient has to (RFC 9110, 5.6.1.2)."""
    gateway = Gateway(applied("cors")) if public else grouped(originGroups=[ASTERISK])
    headers = dict(gateway.answers(preflight(headers=asked)).response.headers)
    assert headers["access-control-allow-origin"] in {"*", SHOP}
    assert headers.get("access-control-allow-headers") == granted


def test_an_asterisk_among_methods_grants_all_that_are_not_refused() -> None:
    """By the name that was asked for."""
    methods = [
        {"methodName": "*", "isAllowed": True},
        {"methodName": "DELETE", "isAllowed": False},
    ]
    gateway = grouped(originGroups=[GROUP | {"allowedMethods": methods}])
    headers = dict(gateway.answers(preflight(method="PATCH")).response.headers)
    assert headers["access-control-allow-methods"] == "PATCH"
    assert gateway.answers(preflight(method="DELETE")).response.headers == (VARY,)


def test_an_asterisk_among_origins_is_every_other_origin() -> None:
    """Without credentials. Otherwise any page could read data as the logged-in user."""
    anybody = {
        "origins": ["*"],
        "allowedMethods": [{"methodName": "GET", "isAllowed": True}],
        "headers": ["*"],
    }
    gateway = grouped(originGroups=[GROUP, anybody], supportCredentials=True)
    headers = dict(gateway.answers(preflight("https://a.test", "GET", "x-a")).response.headers)
    assert headers["access-control-allow-origin"] == "*"
    assert headers["access-control-allow-headers"] == "x-a"
    assert "access-control-allow-credentials" not in headers
    assert gateway.answers(preflight("https://a.test", "PUT")).response.headers == (VARY,)
    allowed = gateway.allows(from_page("https://a.test"))
    assert allowed.response_headers == (("access-control-allow-origin", "*"),)
    assert allowed.append_response_headers == (VARY,)
    listed = dict(gateway.allows(from_page()).response_headers)
    assert listed["access-control-allow-origin"] == SHOP
    assert listed["access-control-allow-credentials"] == "true"


def test_credentials_are_supported_for_listed_origins() -> None:
    """Cookies and the like go with the requests of their pages."""
    gateway = grouped(supportCredentials=True)
    expected = ("access-control-allow-credentials", "true")
    assert expected in gateway.allows(from_page()).response_headers
    assert expected in gateway.answers(preflight()).response.headers


@pytest.mark.parametrize(
    "request_",
    [
        preflight("https://evil.test"),
        preflight("null"),
        preflight(f"{SHOP},https://evil.test"),
        preflight(f"{SHOP}.evil.test"),
        preflight("http://shop.example.com"),
        preflight(method="DELETE"),
        preflight(method="PATCH"),
        preflight(method="put"),
        preflight(headers="x-other"),
        preflight(headers="x-token, x-other"),
        preflight(headers=",".join(["x-token"] * 1_000)),
    ],
)
def test_a_preflight_that_is_granted_nothing_is_answered_without_grants(
    request_: RequestAttributes,
) -> None:
    """The browser refuses the page; for us it is an answer, not a violation."""
    answered = grouped().answers(request_)
    assert (answered.response.status, answered.response.headers) == (204, (VARY,))


def test_a_request_of_another_origin_passes_without_grants() -> None:
    """CORS tells browsers who may read; it keeps nobody out."""
    allowed = grouped().allows(from_page("https://evil.test"))
    assert (allowed.response_headers, allowed.append_response_headers) == ((), (VARY,))


def test_a_request_without_an_origin_passes() -> None:
    """Clients that are no browsers see no difference but `vary`."""
    allowed = grouped().allows(a_request())
    assert (allowed.response_headers, allowed.append_response_headers) == ((), (VARY,))
    assert Gateway(applied("cors")).allows(a_request()).append_response_headers == ()


def test_options_that_is_no_preflight_goes_on() -> None:
    """A service's own OPTIONS still works, and policies still apply to it."""
    gateway = Gateway(applied("cors"), applied("access-block"))
    gateway.denies(a_request(method="OPTIONS"), DenyReason.ACCESS_BLOCKED, 403)
    gateway.denies(from_page(method="OPTIONS"), DenyReason.ACCESS_BLOCKED, 403)
    get = a_request({"origin": SHOP, "access-control-request-method": "GET"})
    gateway.denies(get, DenyReason.ACCESS_BLOCKED, 403)


def test_a_preflight_is_answered_ahead_of_every_other_policy() -> None:
    """Browsers send no credentials with it, and it uses up no quota."""
    limit = {"rateLimits": [{"maximumRequests": 1, "timePeriodInMilliseconds": 60_000}]}
    gateway = Gateway(
        applied("rate-limiting", limit, order=1, automated=True),
        applied("client-id-enforcement", order=2),
        applied("cors", order=99),
        contracts=(contract("c1"),),
    )
    for _ in range(3):
        gateway.answers(preflight())
    assert gateway.allows(a_request(credentials("c1"))).identity == Identity(
        "c1", "c1", "contract-of-c1"
    )


def test_denials_of_later_policies_carry_the_grants() -> None:
    """A page can read why it was refused."""
    gateway = Gateway(
        applied("cors", {"publicResource": False, "originGroups": [GROUP]}),
        applied("client-id-enforcement"),
    )
    denied = gateway.denies(from_page(), DenyReason.CREDENTIALS_MISSING, 401)
    assert ("access-control-allow-origin", SHOP) in denied.response_headers
    assert denied.append_response_headers == (VARY,)


@pytest.mark.parametrize(
    ("group", "fault"),
    [
        ({"origins": ["shop.example.com"]}, "originGroups.0.origins.0: is not an origin"),
        ({"origins": ["https://a.test:*"]}, "not an origin"),
        ({"origins": ["null"]}, "not an origin"),
        ({"origins": ["https://*.example.com"]}, "not an origin"),
        ({"origins": ["https://a.test/path"]}, "not an origin"),
        ({"origins": ["https://a.test\r\nx: 1"]}, "not an origin"),
        ({"origins": ["https://a.test", "https://A.test:443"]}, "in one group only"),
        ({"headers": ["x y"]}, "originGroups.0.headers.0"),
        ({"exposedHeaders": ["a,b"]}, "originGroups.0.exposedHeaders.0"),
        ({"allowedMethods": [{"methodName": "G T"}]}, "allowedMethods.0.methodName"),
        ({"accessControlMaxAge": -1}, "accessControlMaxAge"),
        ({"plainHttp": True}, "plainHttp: this setting is not supported"),
    ],
)
def test_a_bad_configuration_closes_the_api_and_says_where(
    group: dict[str, Any], fault: str
) -> None:
    """What would grant too much, or never match, is found at sync time."""
    (found,) = grouped(originGroups=[group]).api.faults
    assert fault in found


ORIGINS = st.sampled_from([SHOP, "https://evil.test", "null", f"{SHOP} ", ""]) | st.text()


@given(ORIGINS, st.text(), st.text(), st.sampled_from(["OPTIONS", "GET", "PUT"]))
def test_nobody_but_a_listed_origin_is_ever_named(
    origin: str, method: str, headers: str, verb: str
) -> None:
    """Whatever a request says, a grant is for an origin of the configuration."""
    sent = {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": headers,
    }
    decision = grouped(supportCredentials=True).ask(a_request(sent, method=verb))
    assert isinstance(decision, Allowed | Answered)
    answer = decision.response.headers if isinstance(decision, Answered) else ()
    granted = dict((*decision.response_headers, *answer)).get("access-control-allow-origin")
    assert granted is None or granted == origin == SHOP


@pytest.mark.parametrize("public", [{}, {"publicResource": True}, {"publicResource": None}])
def test_groups_that_a_public_resource_leaves_unused_close_nothing(public: Any) -> None:
    """An admin who opened a resource to everybody left the groups of before behind."""
    left_over = {"originGroups": [{"origins": ["no origin"]}], "supportCredentials": "often"}
    Gateway(applied("cors", public | left_over)).allows(from_page())
