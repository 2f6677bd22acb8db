"""rate-limiting-sla-based, as its page in docs/policies says."""

from dataclasses import replace
from typing import Any

from adapter.policy.catalog import RateLimit, SlaTier
from adapter.policy.contracts.contract import Contract
from adapter.policy.verdicts import DenyReason, Identity
from tests.builders import applied, contract
from tests.unit.policy.gateway import Gateway, a_request, credentials

EXCEEDED = (DenyReason.QUOTA_EXCEEDED, 429)
INVALID = (DenyReason.CREDENTIALS_INVALID, 401)
GOLD = SlaTier("t-gold", "Gold", (RateLimit(3, 60_000),))
BRONZE = SlaTier("t-bronze", "Bronze", (RateLimit(1, 60_000),))
EMPTY = SlaTier("t-empty", "Empty", ())


def tiered(*contracts: Contract, **configuration: Any) -> Gateway:
    """An API with limits by tier alone."""
    return Gateway(
        applied("rate-limiting-sla-based", configuration),
        contracts=contracts,
        tiers=(GOLD, BRONZE, EMPTY),
    )


def test_each_contract_has_the_limits_of_its_tier() -> None:
    """One application's limit is reached while a better tier still passes."""
    gateway = tiered(contract("c1", tier_id="t-bronze"), contract("c2", tier_id="t-gold"))
    bronze, gold = a_request(credentials("c1")), a_request(credentials("c2"))
    gateway.allows(bronze)
    for _ in range(3):
        gateway.allows(gold)
        gateway.denies(bronze, *EXCEEDED)
    gateway.denies(gold, *EXCEEDED)


def test_contracts_of_one_tier_do_not_share_a_window() -> None:
    """A tier is a promise to each application."""
    gateway = tiered(contract("c1", tier_id="t-bronze"), contract("c2", tier_id="t-bronze"))
    gateway.allows(a_request(credentials("c1")))
    gateway.allows(a_request(credentials("c2")))


def test_it_identifies_the_client_on_allow_and_on_429() -> None:
    """Analytics attribute requests to the application, refused ones included."""
    gateway = tiered(contract("c1", name="App", tier_id="t-bronze"))
    expected = Identity("c1", "App", "contract-of-c1", "Bronze")
    assert gateway.allows(a_request(credentials("c1"))).identity == expected
    assert gateway.denies(a_request(credentials("c1")), *EXCEEDED).identity == expected


def test_tiers_expose_headers_too() -> None:
    """The limit shown is that of the caller's own tier."""
    gateway = tiered(contract("c2", tier_id="t-gold"), exposeHeaders=True)
    headers = gateway.allows(a_request(credentials("c2"))).response_headers
    assert headers[:2] == (("x-ratelimit-limit", "3"), ("x-ratelimit-remaining", "2"))


def test_without_credentials_or_contract_there_is_no_access() -> None:
    """A limit by tier implies that there is a tier."""
    gateway = tiered(contract("c1", tier_id="t-gold"), contract("c2"))
    gateway.denies(a_request(), DenyReason.CREDENTIALS_MISSING, 401)
    gateway.denies(a_request(credentials("nobody")), *INVALID)
    denied = gateway.denies(a_request(credentials("c2")), *INVALID)
    assert "no SLA tier" in denied.deny.detail
    assert denied.identity == Identity("c2", "c2", "contract-of-c2")


def test_a_tier_without_limits_is_no_unlimited_access() -> None:
    """The contract is known, and promises no quota."""
    gateway = tiered(contract("c1", tier_id="t-empty"))
    denied = gateway.denies(a_request(credentials("c1")), *INVALID)
    assert "no SLA tier with limits" in denied.deny.detail
    assert denied.identity == Identity("c1", "c1", "contract-of-c1", "Empty")


def test_an_unknown_tier_closes_the_contract_alone() -> None:
    """A contract whose tier the platform does not list is not let in without limits."""
    gateway = tiered(contract("c1", tier_id="gone"), contract("c2", tier_id="t-gold"))
    denied = gateway.denies(a_request(credentials("c1")), DenyReason.CONTRACT_CLOSED, 503)
    assert denied.identity == Identity("c1", "c1", "contract-of-c1")
    assert "gone" in denied.deny.detail
    gateway.allows(a_request(credentials("c2")))


def test_its_own_secret_is_checked() -> None:
    """The policy can do without client-id-enforcement."""
    gateway = tiered(
        contract("c1", tier_id="t-gold"),
        clientIdExpression="#[attributes.headers['client_id']]",
        clientSecretExpression="#[attributes.headers['client_secret']]",
    )
    gateway.allows(a_request(credentials("c1", "secret")))
    gateway.denies(a_request(credentials("c1", "wrong")), *INVALID)
    gateway.denies(a_request(credentials("c1")), DenyReason.CREDENTIALS_MISSING, 401)


def chained(**configuration: Any) -> Gateway:
    """HTTP basic authentication first, then limits by tier."""
    basic = {"credentialsOriginHasHttpBasicAuthenticationHeader": "httpBasicAuthenticationHeader"}
    return Gateway(
        applied("client-id-enforcement", basic, order=1),
        applied("rate-limiting-sla-based", configuration, order=2),
        contracts=(contract("c1", tier_id="t-gold"), contract("c2", tier_id="t-bronze")),
        tiers=(GOLD, BRONZE),
    )


AS_C1 = {"authorization": "Basic YzE6c2VjcmV0"}


def test_the_identity_of_an_earlier_policy_counts() -> None:
    """Who has proved who they are need not do so twice."""
    gateway = chained(
        clientIdExpression="#[authentication.principal]",
        clientSecretExpression="#[attributes.headers['client_secret']]",
    )
    identity = gateway.allows(a_request(AS_C1)).identity
    assert identity is not None
    assert identity.sla_tier == "Gold"


def test_one_application_cannot_use_the_tier_of_another() -> None:
    """After basic authentication as one client, the header of another one is refused."""
    denied = chained().denies(a_request(AS_C1 | {"client_id": "c2"}), *INVALID)
    assert "differs" in denied.deny.detail


def test_a_tier_without_limits_promises_nothing() -> None:
    """An empty tier is not an unlimited one."""
    gateway = Gateway(
        applied("rate-limiting-sla-based"),
        contracts=(contract("c1", tier_id="t-gold"),),
        tiers=(replace(GOLD, limits=()),),
    )
    gateway.denies(a_request(credentials("c1")), *INVALID)
