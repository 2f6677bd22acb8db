"""Which addresses calls to identity providers may reach."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.identity.outbound.address_guard import AddressGuard

PRIVATE = [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "127.0.0.1",
    "100.64.0.1",
    "198.18.0.1",
    "192.0.2.1",
    "240.0.0.1",
    "::1",
    "fc00::1",
    "fd12:3456::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::1",
    "2002:a00:1::1",
    "::ffff:0:10.0.0.1",
    "2001:0:a00:1::f5ff:fffe",
    "64:ff9b:1:a9fe:a9:fe00:808:808",
    "fec0::1",
    "3fff::1",
    "5f00::1",
    "192.88.99.1",
]
METADATA = [
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fd00:42::42",
    "::ffff:0:169.254.169.254",
    "fe80::a9fe:a9fe",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "ff02::1",
    "255.255.255.255",
]
EVERYTHING = [ip_network("0.0.0.0/0"), ip_network("::/0")]


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111"])
def test_an_address_of_the_internet_may_be_called(address: str) -> None:
    """Without any setting."""
    assert AddressGuard().objection(ip_address(address)) is None


@pytest.mark.parametrize("address", PRIVATE + METADATA)
def test_an_address_inside_the_network_is_refused(address: str) -> None:
    """In every form in which it can be written."""
    assert AddressGuard().objection(ip_address(address)) is not None


@pytest.mark.parametrize("address", PRIVATE)
def test_the_operator_can_allow_an_inner_address(address: str) -> None:
    """By naming its network."""
    assert AddressGuard(EVERYTHING).objection(ip_address(address)) is None


@pytest.mark.parametrize("address", METADATA)
def test_nobody_can_allow_metadata_services(address: str) -> None:
    """They hand out the credentials of the machine."""
    assert AddressGuard(EVERYTHING).objection(ip_address(address)) is not None


def test_allowing_one_network_allows_no_other() -> None:
    """Only what was named."""
    guard = AddressGuard([ip_network("10.1.0.0/16")])
    assert guard.objection(IPv4Address("10.1.2.3")) is None
    assert guard.objection(IPv6Address("::ffff:10.1.2.3")) is None
    assert guard.objection(IPv4Address("10.2.0.1")) is not None


@given(st.ip_addresses(v=4))
def test_an_ipv6_form_reaches_nothing_that_ipv4_may_not(address: IPv4Address) -> None:
    """Each way of writing an IPv4 address as IPv6 is judged like the address itself."""
    refused = AddressGuard().objection(address) is not None
    for prefix in ("::ffff:0:0", "::ffff:0:0:0", "64:ff9b::"):
        form = IPv6Address(int(IPv6Address(prefix)) | int(address))
        assert not refused or AddressGuard().objection(form) is not None
