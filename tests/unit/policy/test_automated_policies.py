"""An automated policy overrides the API's own of its type where it applies, not elsewhere."""

import re

from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.catalog import AppliedPolicy, Pointcut
from adapter.policy.snapshot import in_force
from adapter.policy.verdicts import DenyReason
from tests.builders import applied, contract
from tests.unit.policy.gateway import Gateway, a_request, credentials, set_headers

HEALTH = Pointcut("GET", "/health")
METHODS = ("GET", "POST")
PATHS = ("/health", "/orders", "/orders/1")
POINTCUTS = st.builds(
    Pointcut,
    st.sampled_from(["", "GET", "POST", "GET|POST"]),
    st.sampled_from(["", "/health", "/orders", "/orders.*", "/.*"]),
)
PARTS = st.lists(POINTCUTS, max_size=3).map(tuple)


def marking(
    name: str, pointcuts: tuple[Pointcut, ...] = (), *, automated: bool = False
) -> AppliedPolicy:
    """A policy that shows that it was asked."""
    headers = {"inboundHeaders": [{"key": "x-asked", "value": name}]}
    return AppliedPolicy(
        name, "header-injection", headers, pointcuts=pointcuts, automated=automated
    )


def matches(pointcuts: tuple[Pointcut, ...], method: str, path: str) -> bool:
    """What the documentation says that pointcuts mean, for the patterns used here."""
    return not pointcuts or any(
        re.fullmatch(p.method_regex or ".*", method) and re.fullmatch(p.path_regex or ".*", path)
        for p in pointcuts
    )


def asked(gateway: Gateway, method: str, path: str) -> set[str]:
    """Which of the marking policies were asked about that request."""
    headers = dict(set_headers(gateway.allows(a_request(method=method, path=path))))
    return set(headers.get("x-asked", "").split(",")) - {""}


def test_an_automated_policy_with_a_pointcut_leaves_the_rest_to_the_apis_own() -> None:
    """A check of client ids on /health must not open the rest of the API."""
    gateway = Gateway(
        applied("client-id-enforcement"),
        applied("client-id-enforcement", pointcuts=(HEALTH,), automated=True),
        contracts=[contract("app")],
    )
    for method, path in (("GET", "/orders"), ("POST", "/health"), ("GET", "/health")):
        request = a_request(method=method, path=path)
        gateway.denies(request, DenyReason.CREDENTIALS_MISSING, 401)
        gateway.allows(a_request(credentials("app"), method=method, path=path))


def test_where_the_automated_policy_applies_the_apis_own_is_not_asked() -> None:
    """The environment's policy replaces it there, whether it is stricter or more lenient."""
    gateway = Gateway(
        applied("ip-blocklist", {"ips": ["192.0.2.0/24"]}),
        applied("ip-blocklist", {"ips": ["203.0.113.1"]}, pointcuts=(HEALTH,), automated=True),
    )
    gateway.allows(a_request(path="/health"))
    gateway.denies(a_request(path="/orders"), DenyReason.ADDRESS_REFUSED, 403)
    gateway.denies(a_request(path="/health", method="POST"), DenyReason.ADDRESS_REFUSED, 403)


def test_an_overridden_part_needs_a_canonical_path() -> None:
    """Otherwise a second reading of the path would decide which of the two policies is asked."""
    gateway = Gateway(
        applied("ip-blocklist", {"ips": ["192.0.2.0/24"]}),
        applied("ip-blocklist", {"ips": ["203.0.113.1"]}, pointcuts=(HEALTH,), automated=True),
    )
    gateway.denies(a_request(path="/x/../health"), DenyReason.AMBIGUOUS_PATH, 400)


def test_an_automated_policy_of_another_type_overrides_nothing() -> None:
    """Only policies of its own type."""
    policies = [applied("access-block"), applied("cors", pointcuts=(HEALTH,), automated=True)]
    assert [policy.overridden for policy in in_force(policies)] == [(), ()]


def test_an_automated_policy_for_everything_replaces_the_apis_own_altogether() -> None:
    """So that a fault in what is never asked closes no API."""
    everything = (HEALTH, Pointcut(".*", ""))
    for pointcuts in ((), everything):
        automated = applied("access-block", pointcuts=pointcuts, automated=True)
        assert in_force([applied("access-block"), automated]) == [automated]


@given(
    own=PARTS,
    first=PARTS,
    second=PARTS,
    method=st.sampled_from(METHODS),
    path=st.sampled_from(PATHS),
)
def test_each_policy_is_asked_exactly_where_it_applies(
    own: tuple[Pointcut, ...],
    first: tuple[Pointcut, ...],
    second: tuple[Pointcut, ...],
    method: str,
    path: str,
) -> None:
    """Automated ones in their own parts, the API's own in its part less all of theirs."""
    gateway = Gateway(
        marking("own", own),
        marking("first", first, automated=True),
        marking("second", second, automated=True),
    )
    expected = {
        name for name, part in (("first", first), ("second", second)) if matches(part, method, path)
    }
    if matches(own, method, path) and not expected:
        expected = {"own"}
    assert asked(gateway, method, path) == expected
