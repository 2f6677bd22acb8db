"""Which introspection endpoints close an API when its policy is synced."""

from ipaddress import ip_network

import pytest

from adapter.identity.introspection.rules import EndpointRules
from adapter.identity.outbound.address_guard import AddressGuard
from adapter.identity.outbound.host_rules import HostRules
from adapter.identity.outbound.url_text import UrlTextRules
from tests.unit.identity.asked_provider import a_source


def rules(*, allow_http: bool = False, has_client_provider: bool = False) -> EndpointRules:
    """The rules of an operator who allows two hosts, and one network."""
    hosts = HostRules(
        AddressGuard([ip_network("10.1.0.0/16")]), ["idp.test", "10.1.2.3", "10.2.0.1"]
    )
    urls = UrlTextRules(hosts, allow_http=allow_http)
    return EndpointRules(urls, has_client_provider=has_client_provider)


@pytest.mark.parametrize("url", ["https://idp.test/introspect", "https://10.1.2.3:8443/"])
def test_an_endpoint_that_the_operator_allows_is_used(url: str) -> None:
    """By name, and by address."""
    assert rules().objection(a_source(url)) is None


@pytest.mark.parametrize(
    ("url", "fix"),
    [
        ("http://idp.test/?secret=x", "identity.allow_http"),
        ("https://other.test/", "identity.allowed_hosts"),
        ("https://10.2.0.1/", "identity.allow_networks"),
        ("https:///introspect", "introspectionURL"),
        ("https://[::1", "introspectionURL"),
        ("", "identity.client_provider"),
    ],
    ids=range(6),
)
def test_any_other_endpoint_closes_the_api(url: str, fix: str) -> None:
    """The reason names the setting that would help, and nothing secret."""
    objection = rules().objection(a_source(url))
    assert objection is not None
    assert fix in objection
    assert "secret" not in objection


def test_the_operator_may_allow_http() -> None:
    """Then TLS is not needed."""
    assert rules(allow_http=True).objection(a_source("http://idp.test/")) is None


def test_a_policy_without_a_url_uses_the_client_provider() -> None:
    """If the operator has named one."""
    assert rules(has_client_provider=True).objection(a_source("")) is None
