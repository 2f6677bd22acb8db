"""ip-allowlist and ip-blocklist, as their page in docs/policies says."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.policies.shared.addresses import AddressSet, parse_address, parse_network
from adapter.policy.verdicts import DenyReason
from tests.builders import applied
from tests.unit.policy.gateway import Gateway, a_request

REFUSED = (DenyReason.ADDRESS_REFUSED, 403)
UNKNOWN = (DenyReason.ADDRESS_UNKNOWN, 403)


def allowing(*ips: str, **configuration: Any) -> Gateway:
    """An API that only these addresses may call."""
    return Gateway(applied("ip-allowlist", {"ips": list(ips), **configuration}))


def blocking(*ips: str, **configuration: Any) -> Gateway:
    """An API that these addresses may not call."""
    return Gateway(applied("ip-blocklist", {"ips": list(ips), **configuration}))


@pytest.mark.parametrize(
    ("listed", "inside", "outside"),
    [
        ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
        ("192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
        ("192.0.2.77/24", "192.0.2.1", "192.0.3.1"),
        ("10.0.0.0/255.0.0.0", "10.255.0.1", "11.0.0.1"),
        ("0.0.0.0/0", "203.0.113.9", "2001:db8::1"),
        ("192.168", "192.168.255.1", "192.169.0.1"),
        ("192", "192.0.0.1", "193.0.0.1"),
        ("192.168.7", "192.168.7.255", "192.168.70.1"),
        ("2001:db8::1", "2001:0DB8:0:0::1", "2001:db8::2"),
        ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
        ("192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2"),
        ("::ffff:192.0.2.0/120", "192.0.2.9", "192.0.3.9"),
        (" 192.0.2.1 ", "192.0.2.1", "192.0.2.2"),
    ],
)
def test_addresses_are_in_or_out(listed: str, inside: str, outside: str) -> None:
    """Every documented form works, in both lists."""
    allowing(listed).allows(a_request(client_address=inside))
    allowing(listed).denies(a_request(client_address=outside), *REFUSED)
    blocking(listed).denies(a_request(client_address=inside), *REFUSED)
    blocking(listed).allows(a_request(client_address=outside))


@pytest.mark.parametrize("forged", ["192.0.2.1", "192.0.2.1, 203.0.113.5"])
@pytest.mark.parametrize(
    "expression",
    [
        None,
        "#[attributes.headers['x-forwarded-for']]",
        "#[splitBy(attributes.headers['X-Forwarded-For'], ',')[0]]",
    ],
)
def test_the_attested_address_wins_over_the_forgeable_header(
    forged: str, expression: str | None
) -> None:
    """A client cannot write itself onto an allowlist, or off a blocklist."""
    request = a_request({"x-forwarded-for": forged}, client_address="203.0.113.5")
    allowing("192.0.2.1", ipExpression=expression).denies(request, *REFUSED)
    blocking("203.0.113.5", ipExpression=expression).denies(request, *REFUSED)


def test_without_an_attested_address_nobody_gets_in() -> None:
    """A missing Envoy setting closes the API, with a detail that names it."""
    request = a_request({"x-forwarded-for": "192.0.2.1"}, client_address=None)
    denied = allowing("192.0.2.1").denies(request, *UNKNOWN)
    assert "client_address" in denied.deny.detail
    blocking("198.51.100.1").denies(request, *UNKNOWN)


@pytest.mark.parametrize(
    "garbage",
    [
        "192.0.2.1,6.6.6.6",
        "192.0.2.1:80",
        "192.0.2",
        "/run/envoy.sock",
        "1.2.3.4\x00",
        ":" * 60_000,
    ],
)
def test_an_attested_address_that_is_none_gets_nobody_in(garbage: str) -> None:
    """The attested or configured value must be exactly one IP address."""
    request = a_request(client_address=garbage)
    allowing("192.0.2.1").denies(request, *UNKNOWN)
    blocking("198.51.100.1").denies(request, *UNKNOWN)


@pytest.mark.parametrize("unreadable", ["unix-socket", "192.0.2.1:80", "192.0.2.1,192.0.2.1", " "])
def test_an_attested_text_that_is_no_address_denies(unreadable: str) -> None:
    """A mistake in Envoy's configuration opens nothing."""
    blocking("198.51.100.1").denies(a_request(client_address=unreadable), *UNKNOWN)


def test_another_expression_is_taken_at_its_word() -> None:
    """Where a trusted proxy sets a header of its own, the admin may name it."""
    gateway = allowing("192.0.2.1", ipExpression="#[attributes.headers['x-real-ip']]")
    gateway.allows(a_request({"x-real-ip": "192.0.2.1"}, client_address=None))
    for unreadable in ("", "192.0.2.1,192.0.2.1", "192.0.2.1:80", "localhost", "fe80::1%eth0"):
        gateway.denies(a_request({"x-real-ip": unreadable}), *UNKNOWN)


@pytest.mark.parametrize(
    "bad",
    ["", "300", "192.168.1.1.1", "10.0.0.1-10.0.0.9", "example.test", "1.2.3.4/33", "fe80::1%1"],
)
def test_what_is_no_address_closes_the_api(bad: str) -> None:
    """A typing error in a list is told, not skipped."""
    (fault,) = blocking("192.0.2.1", bad).api.faults
    assert "ips.1: is not an address" in fault


@pytest.mark.parametrize("policy_type", ["ip-allowlist", "ip-blocklist"])
def test_an_empty_list_closes_the_api(policy_type: str) -> None:
    """A list without addresses is a mistake, whichever way it would fall."""
    (fault,) = Gateway(applied(policy_type, {"ips": []})).api.faults
    assert "ips" in fault


NETWORKS = st.one_of(
    st.builds(
        lambda address, length: ipaddress.ip_network((address, length), strict=False),
        st.integers(0, 2**32 - 1),
        st.integers(0, 32),
    ),
    st.builds(
        lambda address, length: ipaddress.IPv6Network((address, length), strict=False),
        st.integers(2**112, 2**128 - 1),
        st.integers(0, 128),
    ),
)


@given(st.lists(NETWORKS, max_size=8), st.ip_addresses())
def test_the_fast_lookup_agrees_with_the_plain_one(
    networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network],
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """Membership is what the standard library says it is."""
    parsed = parse_address(str(address))
    assert parsed is not None
    listed = AddressSet([parse_network(str(network)) for network in networks])
    assert (parsed in listed) is any(parsed in network for network in networks)


@given(st.text())
def test_no_text_makes_the_address_parser_raise(text: str) -> None:
    """Whatever a header holds is an address or is none."""
    assert parse_address(text) is None or "." in text or ":" in text
