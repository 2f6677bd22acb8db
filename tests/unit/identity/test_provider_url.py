"""Which URLs of identity providers may be called."""

from ipaddress import ip_network
from typing import Final

import pytest

from adapter.errors import PolicyError
from adapter.identity.outbound.address_guard import AddressGuard
from adapter.identity.outbound.host_rules import HostRules
from adapter.identity.outbound.provider_url import UrlRules
from adapter.identity.outbound.url_text import UrlTextRules

RULES = UrlRules(AddressGuard())


def test_an_https_url_is_kept_without_its_fragment() -> None:
    """A fragment never leaves a client (RFC 9110, 4.2.5)."""
    url = RULES.checked(" https://login.example.com:8443/keys?tenant=1#x ")
    assert str(url) == "https://login.example.com:8443/keys?tenant=1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("http://login.example.com/keys", "identity.allow_http"),
        ("ftp://login.example.com/keys", "not an https URL"),
        ("https:///keys", "not an https URL"),
        ("login.example.com/keys", "not an https URL"),
        ("", "not an https URL"),
        ("https://login.example.com:port/", "not a URL"),
        ("https://[::1/", "not a URL"),
        ("https://user:secret@login.example.com/", "user or password"),
        ("https://127.0.0.1/", "identity.allow_networks"),
        ("https://[::1]/", "identity.allow_networks"),
        ("https://169.254.169.254/latest", "link-local"),
        ("https://[::ffff:127.0.0.1]/", "identity.allow_networks"),
        ("https://[fe80::1%25eth0]/", "link-local"),
        ("https://localhost/", "identity.allow_networks"),
        ("https://LocalHost./", "identity.allow_networks"),
        ("https://a.localhost/", "identity.allow_networks"),
        ("https://xn--a/", "not a URL"),
        ("https://e.example/" + "a" * 3_000, "at most 2,000 characters"),
    ],
)
def test_a_bad_url_is_refused_by_name(text: str, message: str) -> None:
    """The message names the fault, and neither a password nor a query."""
    with pytest.raises(PolicyError, match=message) as caught:
        RULES.checked(text)
    assert "secret" not in str(caught.value)


ODD_ADDRESSES: Final = (
    *("127.0.0.1.", "127.1", "0x7f.1", "0X7F000001", "2130706433", "017700000001", "0", "0x"),
    *("9999999999", "1.2.3.4.5", "example.com.1", "169.254.169.254."),
)


@pytest.mark.parametrize("host", ODD_ADDRESSES)
def test_an_odd_spelling_of_an_ipv4_address_is_refused(host: str) -> None:
    """A proxy would resolve it to an address that nobody checks."""
    everything = AddressGuard([ip_network("0.0.0.0/0")])
    with pytest.raises(PolicyError, match="four decimal numbers"):
        UrlRules(everything).checked(f"https://{host}/")
    rules = UrlTextRules(HostRules(everything), allow_http=False)
    assert "four decimal numbers" in (rules.objection(f"https://{host}/") or "")


@pytest.mark.parametrize("host", ["1.example.com", "0x7f.example", "127.0.0.1.nip.test", "1e3"])
def test_a_name_with_digits_is_a_name(host: str) -> None:
    """Only the last part tells."""
    assert RULES.checked(f"https://{host}/").host == host


def test_http_and_inner_addresses_are_the_operators_choice() -> None:
    """Both have a setting of their own."""
    rules = UrlRules(AddressGuard([ip_network("127.0.0.0/8")]), allow_http=True)
    assert rules.checked("http://127.0.0.1:8080/keys").port == 8080


def test_only_listed_hosts_are_called() -> None:
    """A name with an asterisk stands for its subdomains, and not for itself."""
    rules = UrlRules(AddressGuard(), allowed_hosts=["login.example.com", "*.idp.test"])
    for host in ("login.example.com", "LOGIN.example.com", "a.idp.test", "a.b.idp.test"):
        assert rules.checked(f"https://{host}/").scheme == "https"
    for host in ("example.com", "idp.test", "login.example.com.evil.test", "evil-idp.test"):
        with pytest.raises(PolicyError, match="allowed_hosts"):
            rules.checked(f"https://{host}/")
