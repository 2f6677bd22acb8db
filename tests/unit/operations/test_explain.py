"""`POST /explain`, as an operator's tool asks it."""

import json
from typing import Any

import pytest

from adapter.authorization.explainer import Explainer
from adapter.authorization.ports import PlatformContact
from adapter.operations.explain import explain_route
from adapter.operations.routes import Reply, answer
from adapter.policy.catalog import Pointcut, RateLimit, SlaTier
from adapter.policy.effects.effect import Effect, Outcome
from adapter.policy.effects.quota import Charge, QuotaState
from adapter.policy.effects.token import RefusedToken, VerifiedToken, VerifyToken
from adapter.policy.snapshot import Api, Snapshot
from support.defaults import gatekeeper
from tests.builders import CLIENT_ID_ENFORCEMENT, api, applied, contract
from tests.rig.adapters import AlwaysInTouch
from tests.rig.clock import FakeClock
from tests.unit.authorization.contact import Contact
from tests.unit.policy.test_explain import INTROSPECTION, JWT, LDAP
from tests.unit.policy.test_wrapped_rules import MESSAGE_LOGGING, RATE_LIMITING, SPIKE_CONTROL

REQUEST = {"api": "1", "method": "GET", "path": "/billing/admin"}
BEARER = {"headers": {"Authorization": "Bearer token"}}


def explainer(
    *apis: Api,
    known: dict[type[Effect], Outcome] | None = None,
    contact: PlatformContact | None = None,
) -> Explainer:
    """An explainer of these APIs; `known` are the outcomes of effects."""
    snapshot = Snapshot(7, {each.instance.api_id: each for each in apis})
    clock = FakeClock()
    outcomes = known or {}
    return Explainer(
        lambda: snapshot,
        lambda effect: outcomes.get(type(effect)),
        gatekeeper(clock, contact or AlwaysInTouch(clock)),
    )


async def ask(asked: Explainer, body: Any) -> Reply:
    """The answer to this body."""
    octets = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await answer([explain_route(asked)], "POST", "/explain", octets)


async def explained(asked: Explainer, **more: Any) -> dict[str, Any]:
    """The explanation of the request."""
    reply = await ask(asked, REQUEST | more)
    assert reply.status == 200
    document: dict[str, Any] = json.loads(reply.body)
    return document


async def notes(*policies: Any, known: Any = None, **more: Any) -> list[str]:
    """What the policies of an API would do."""
    found = await explained(explainer(api("1", policies), known=known), **more)
    return [note for policy in found["policies"] for note in policy["notes"]]


async def test_a_denial_says_which_policy_and_why() -> None:
    """With the pointcut that applies, and without repeating a header."""
    pointcuts = (Pointcut(".*", "/billing/admin"),)
    chain = [
        applied("cors"),
        applied(
            "client-id-enforcement",
            CLIENT_ID_ENFORCEMENT.configuration,
            automated=True,
            pointcuts=pointcuts,
        ),
        applied("message-logging", MESSAGE_LOGGING.configuration),
    ]
    headers = {"Client_Id": "c1", "client_secret": "never-shown"}
    found = await explained(explainer(api("1", chain, [contract("c1")])), headers=headers)
    assert [(p["policy_type"], p["said"]) for p in found["policies"]] == [
        ("cors", "passed"),
        ("client-id-enforcement", "denied"),
        ("message-logging", "not_reached"),
    ]
    assert found["policies"][1] == {
        "policy_id": "id-of-client-id-enforcement",
        "policy_type": "client-id-enforcement",
        "automated": True,
        "said": "denied",
        "pointcut": {"methodRegex": ".*", "uriTemplateRegex": "/billing/admin"},
        "status": 401,
        "reason": "credentials_invalid",
        "message": "Invalid client id or secret",
        "detail": "wrong client secret",
        "notes": [],
    }
    assert (found["decision"], found["detail"]) == ("denied", "wrong client secret")
    assert (found["api_id"], found["api_name"], found["revision"]) == ("1", "api-1", 7)
    assert "never-shown" not in json.dumps(found)


async def test_an_identified_client_is_named() -> None:
    """With contract and tier."""
    gold = SlaTier("7", "Gold", (RateLimit(1, 1000),))
    one = api("1", [CLIENT_ID_ENFORCEMENT], [contract("c1", name="Shop", tier_id="7")], [gold])
    headers = {"client_id": "c1", "client_secret": "secret"}
    found = await explained(explainer(one), headers=headers)
    assert found["decision"] == "allowed"
    assert found["policies"][0]["notes"] == [
        "identifies the client application 'Shop' (id c1, contract contract-of-c1, SLA tier Gold)"
    ]


async def test_quotas_say_what_is_left() -> None:
    """If it is known here."""
    assert await notes(RATE_LIMITING) == [
        "would charge 1 of 1 requests per 60 s; how many are left is not known here"
    ]
    left = {Charge: QuotaState(True, (1,), (60_000,))}
    assert await notes(RATE_LIMITING, known=left) == [
        "would charge 1 of 1 requests per 60 s; 1 left"
    ]
    used_up = {Charge: QuotaState(False, (0,), (1_500,))}
    assert await notes(RATE_LIMITING, known=used_up) == [
        "would charge 1 of 1 requests per 60 s; 0 left, again in 1.5 s"
    ]


async def test_tokens_and_users() -> None:
    """What is not asked is said."""
    assert await notes(JWT, **BEARER) == [
        "would verify the token with keys that are not here: assumed to be authentic"
    ]
    refused = {VerifyToken: RefusedToken("it has expired")}
    assert await notes(JWT, known=refused, **BEARER) == ["the token is refused: it has expired"]
    verified = {VerifyToken: VerifiedToken({"sub": "ann"})}
    assert "the token is authentic and valid now" in await notes(JWT, known=verified, **BEARER)
    assert await notes(INTROSPECTION, **BEARER) == [
        "would ask https://idp.test/introspect about the token: not asked, assumed to be active"
    ]
    basic = {"headers": {"authorization": "Basic dTpw"}}
    assert await notes(LDAP, **basic) == [
        "would ask the LDAP server ldap.test about the user: not asked, assumed to be known"
    ]


async def test_other_effects_and_headers() -> None:
    """Names of headers, never their values."""
    assert await notes(SPIKE_CONTROL) == ["would count 1 of 5 requests per 1 s for spike control"]
    assert await notes(MESSAGE_LOGGING) == ["would write 1 message(s) to the log"]
    injected = {
        "inboundHeaders": [{"key": "x-key", "value": "hidden"}],
        "outboundHeaders": [{"key": "x-out", "value": "hidden"}],
    }
    assert await notes(applied("header-injection", injected)) == [
        "appends to request headers: x-key",
        "adds response headers: x-out",
    ]
    credentials = applied("credential-injection-basic-auth", {"username": "u", "password": "p"})
    assert await notes(credentials) == ["sets request headers: authorization"]
    removal = applied("header-removal", {"inboundHeaders": ["x-key"]})
    headers = {"headers": {"x-key": "1"}}
    assert await notes(removal, **headers) == ["removes request headers: x-key"]
    user = applied("http-basic-authentication", {"username": "u", "password": "p"})
    basic = {"headers": {"authorization": "Basic dTpw"}}
    assert await notes(user, **basic) == ["identifies the user 'u'"]


async def test_a_request_is_as_envoy_attests_it() -> None:
    """Address, host and certificate can be given."""
    allowlist = applied("ip-allowlist", {"ips": ["10.0.0.0/8"]})
    asked = explainer(api("1", [allowlist]))
    assert (await explained(asked, source="10.0.0.7"))["decision"] == "allowed"
    refused = await explained(asked, source="192.0.2.1", host="a.test", principal="p")
    assert refused["reason"] == "address_refused"


@pytest.mark.parametrize(
    ("how", "decision"),
    [
        ({}, "allowed"),
        ({"chosen_by_path": True}, "denied"),
        ({"chosen_by_host": True, "host": "x@a.test"}, "denied"),
    ],
)
async def test_a_route_may_say_that_its_api_depends_on_the_request(
    how: dict[str, Any], decision: str
) -> None:
    """Then ambiguous paths and hosts are denied, as in a Check."""
    found = await explained(explainer(api("1")), path="/a%40b", **how)
    assert found["decision"] == decision


async def test_before_anything_is_loaded_the_gatekeeper_denies() -> None:
    """As it denies Checks."""
    contact = Contact()
    contact.awaited = {"1"}
    found = await explained(explainer(contact=contact))
    assert (found["reason"], found["policies"]) == ("not_ready", [])


async def test_an_unknown_api_is_named_beside_those_that_exist() -> None:
    """A typing mistake is found at once."""
    many = explainer(*(api(str(number)) for number in range(2, 20)))
    reply = await ask(many, REQUEST | {"api": "billing"})
    assert reply.status == 404
    assert reply.body.startswith(
        b"there is no API instance 'billing'; the first ones are: 2 (api-2), 3 (api-3), "
    )
    assert reply.body.endswith(b"11 (api-11), ...")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "the body is not JSON"),
        ([], "the body must be a JSON object"),
        ({}, "api is missing\nmethod is missing\npath is missing"),
        (REQUEST | {"api": 2}, "api must be a text"),
        (REQUEST | {"path": "orders"}, "path must begin with /"),
        (REQUEST | {"method": "GE T"}, "method must be an HTTP method, such as GET"),
        (REQUEST | {"source": "10.0.0.1:5"}, "source must be one IP address, without a port"),
        (REQUEST | {"headers": {"a": 1}}, "headers must be an object of texts"),
        (REQUEST | {"header": {}}, "'header' is unknown"),
        (REQUEST | {"chosen_by_path": "yes"}, "chosen_by_path must be true or false"),
    ],
)
async def test_a_bad_body_is_refused_with_all_faults(body: Any, message: str) -> None:
    """Without repeating a value, which may be a secret."""
    reply = await ask(explainer(api("1")), body)
    assert (reply.status, reply.body.decode()) == (400, message)


async def test_the_method_is_post() -> None:
    """Secrets in a URL would reach logs."""
    reply = await answer([explain_route(explainer())], "GET", "/explain")
    assert (reply.status, reply.headers) == (405, (("allow", "POST"),))
