"""TCP connections: decided by the policies that need no HTTP."""

from typing import Any

import pytest

from adapter.policy.catalog import AppliedPolicy, Pointcut
from adapter.policy.decision import Allowed, Denied
from adapter.policy.request.attributes import GivenAttributes
from adapter.policy.verdicts import DenyReason
from tests.builders import CLIENT_ID_ENFORCEMENT, applied
from tests.unit.policy.gateway import Gateway

CONNECTION = GivenAttributes(client_address="192.0.2.1", route_name="tcp-db")
LISTED = {"ips": ["192.0.2.1"]}


def test_without_policies_a_connection_passes() -> None:
    """As a request would."""
    assert isinstance(Gateway().ask(CONNECTION), Allowed)


@pytest.mark.parametrize(
    ("policy", "address", "reason"),
    [
        ("ip-allowlist", "192.0.2.1", None),
        ("ip-allowlist", "192.0.2.2", DenyReason.ADDRESS_REFUSED),
        ("ip-allowlist", None, DenyReason.ADDRESS_UNKNOWN),
        ("ip-blocklist", "192.0.2.1", DenyReason.ADDRESS_REFUSED),
        ("ip-blocklist", "192.0.2.2", None),
    ],
)
def test_ip_lists_judge_the_address_of_the_peer(
    policy: str, address: str | None, reason: DenyReason | None
) -> None:
    """They read nothing else."""
    decision = Gateway(applied(policy, LISTED)).ask(CONNECTION._replace(client_address=address))
    assert (decision.deny.reason if isinstance(decision, Denied) else None) == reason


def test_a_blocked_api_is_blocked_for_connections_too() -> None:
    """The policy looks at nothing."""
    decision = Gateway(applied("access-block")).ask(CONNECTION)
    assert isinstance(decision, Denied)
    assert decision.deny.reason is DenyReason.ACCESS_BLOCKED


@pytest.mark.parametrize(
    "policy",
    [
        CLIENT_ID_ENFORCEMENT,
        applied("cors"),
        applied("header-injection", {"inboundHeaders": [{"key": "x-a", "value": "1"}]}),
        applied("ip-allowlist", {**LISTED, "ipExpression": "#[attributes.headers['x-ip']]"}),
        applied("ip-allowlist", LISTED, pointcuts=(Pointcut("GET", ".*"),)),
    ],
)
def test_what_needs_http_refuses_connections(policy: AppliedPolicy) -> None:
    """To skip a policy that an admin applied would open the API. Operators read which one it is."""
    decision = Gateway(applied("ip-blocklist", {"ips": ["203.0.113.1"]}), policy).ask(CONNECTION)
    assert isinstance(decision, Denied)
    assert decision.deny.reason is DenyReason.MALFORMED_REQUEST
    assert policy.policy_type in decision.deny.detail


@pytest.mark.parametrize(
    "more", [{"path": "/"}, {"authority": "api.test"}, {"headers": {"x-a": "1"}}]
)
def test_a_request_without_a_method_is_no_connection(more: dict[str, Any]) -> None:
    """Its peer may be a proxy, whose address says nothing about the client."""
    decision = Gateway(applied("ip-allowlist", LISTED)).ask(CONNECTION._replace(**more))
    assert isinstance(decision, Denied)
    assert decision.deny.reason is DenyReason.MALFORMED_REQUEST
