"""Whatever Envoy sends and whatever is loaded: only a request that was decided so is an ALLOW."""

import asyncio
from collections.abc import Awaitable

import pytest
from envoy.service.auth.v3.external_auth_pb2 import CheckResponse
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.errors import RpcError
from adapter.ext_authz.check.reader import RequestReader
from adapter.policy.catalog import AppliedPolicy, RateLimit, SlaTier
from adapter.policy.decision import Allowed
from tests.builders import CLIENT_ID_ENFORCEMENT, api, applied, contract
from tests.fuzz.mutations import mutated
from tests.rig.adapters import AdapterInProcess
from tests.unit.ext_authz.checks import check_request

LIMIT = {"rateLimits": [{"maximumRequests": 1, "timePeriodInMilliseconds": 1000}]}
TOKENS = {"signingMethod": "hmac", "textKey": "k" * 32, "skipClientIdValidation": True}
DIRECTORY = {
    "ldapServerUrl": "ldap://127.0.0.1:9",
    "ldapServerUserDn": "cn=adapter",
    "ldapServerUserPassword": "x",
    "ldapSearchBase": "dc=test",
    "ldapSearchFilter": "(uid={0})",
}
CLOSED = (
    applied("access-block"),
    applied("unheard-of"),
    applied("jwt-validation", TOKENS),
    applied("rate-limiting", LIMIT),
    applied("ldap-authentication", DIRECTORY),
    applied("http-basic-authentication", {"username": "u", "password": "unguessed"}),
    applied("ip-allowlist", {"ips": ["192.0.2.77"]}),
    applied("client-id-enforcement", {"clientIdExpression": "#[attributes.headers['nobody']]"}),
)
"""Each lets nobody in: its store or server is down, or no client here has what it wants."""
OTHERS = (
    CLIENT_ID_ENFORCEMENT,
    applied("header-injection", {"inboundHeaders": [{"key": "x-user", "value": "ours"}]}),
    applied("header-removal", {"inboundHeaders": ["x-.*"]}),
    applied("message-logging", {"loggingConfiguration": [{"itemData": {"message": "m"}}]}),
    applied("spike-control", {"maximumRequests": 1000}),
    applied("cors"),
    applied("rate-limiting-sla-based"),
)
TIER = SlaTier("t1", "One", (RateLimit(5, 1_000),))
GOOD = [("client_id", "client-1"), ("client_secret", "secret")]
MESSAGES = [
    check_request(
        [*GOOD, ("authorization", value)], raw=raw, method=method, path=path
    ).SerializeToString()
    for value in ["Basic dTp2", "Bearer a.b.c", "Bearer x", ""]
    for raw in (True, False)
    for method, path in [("GET", "/"), ("OPTIONS", "/"), ("GET", "/a/../b")]
]

checks = st.one_of(
    st.sampled_from(MESSAGES),
    st.binary(max_size=60),
    st.builds(
        mutated, st.sampled_from(MESSAGES), st.just(MESSAGES), st.randoms(use_true_random=False)
    ),
)
chains = st.lists(st.sampled_from(OTHERS), max_size=4, unique_by=lambda policy: policy.policy_type)


async def _awaited(answer: Awaitable[bytes]) -> bytes:
    return await answer


def is_allowed(adapter: AdapterInProcess, message: bytes) -> bool:
    """Whether Envoy is told to forward the request. A failed call is no answer."""
    try:
        answer = adapter.service.check(message, {})
        octets = asyncio.run(_awaited(answer)) if isinstance(answer, Awaitable) else answer
    except RpcError:
        return False
    return not CheckResponse.FromString(octets).status.code


def adapter_with(policies: list[AppliedPolicy], *, fast: bool) -> AdapterInProcess:
    """One API, and one application with a good contract. The quota store is down."""
    contracts = [contract("client-1", tier_id="t1")]
    reader = RequestReader(try_fast_reader=fast)
    return AdapterInProcess([api("1", policies, contracts, [TIER])], reader=reader)


@settings(max_examples=250)
@given(chains, st.sampled_from(CLOSED), st.integers(0, 4), checks, st.booleans())
def test_a_policy_that_nobody_can_satisfy_is_passed_by_nobody(
    others: list[AppliedPolicy], closed: AppliedPolicy, at: int, message: bytes, fast: bool
) -> None:
    """Wherever it stands among other policies, and whatever bytes come for a Check."""
    others.insert(at, closed)
    assert not is_allowed(adapter_with(others, fast=fast), message)


@settings(max_examples=200)
@given(chains, checks, st.booleans())
def test_an_allow_on_the_wire_is_an_allowed_decision(
    policies: list[AppliedPolicy], message: bytes, fast: bool
) -> None:
    """Denials, direct responses and failures never look like one, nor the other way round."""
    adapter = adapter_with(policies, fast=fast)
    allowed = is_allowed(adapter, message)
    decisions = adapter.observed.decisions
    assert allowed == (bool(decisions) and isinstance(decisions[-1], Allowed))


@given(checks, st.booleans())
def test_nothing_passes_before_policies_are_loaded(message: bytes, fast: bool) -> None:
    """A start without a platform opens nothing."""
    adapter = AdapterInProcess([], reader=RequestReader(try_fast_reader=fast))
    assert not is_allowed(adapter, message)


@pytest.mark.parametrize("closed", CLOSED, ids=lambda policy: policy.policy_type)
def test_each_of_these_policies_alone_refuses_a_good_client(closed: AppliedPolicy) -> None:
    """Or the first property would say less than it seems to."""
    without, with_it = (adapter_with(policies, fast=True) for policies in ([], [closed]))
    assert is_allowed(without, MESSAGES[0])
    assert not is_allowed(with_it, MESSAGES[0])
