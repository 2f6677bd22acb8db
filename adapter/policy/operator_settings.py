"""Warns about what adapters refuse unless their operator allows it.

A check does not know the operator's settings, so this is never a fault. Example: `jwksUrl` with
http, which needs `identity.allow_http`.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from adapter.policy.ldap_directory import LdapDirectory
from adapter.policy.need import Need
from adapter.policy.outbound_hosts import address_of
from adapter.policy.rule import Rule
from adapter.policy.tokens.introspection import IntrospectionSource
from adapter.policy.tokens.trust import JwksSource

_OWN_PREFIX: Final = "x-adapter-"
"""The default of the setting `requests.identity_header_prefix`."""
_CLIENT_PROVIDER: Final = (
    "introspectionURL is empty, so the API is closed unless the adapter's settings have "
    "identity.client_provider"
)


def warnings_on_settings(rule: Rule) -> Iterator[str]:
    """What the policy needs from the settings of the adapters that enforce it."""
    for need in rule.needs:
        yield from _on_need(need)
    for name in sorted(rule.set_headers):
        if name.startswith(_OWN_PREFIX):
            yield (
                f"the header {name} belongs to the adapter, so the API is closed unless "
                "requests.identity_header_prefix in the adapter's settings is another one"
            )


def _on_need(need: Need) -> Iterator[str]:
    if isinstance(need, LdapDirectory):
        yield from _on_host("ldapServerURL", need.account.host)
    if isinstance(need, IntrospectionSource):
        yield from _on_url("introspectionURL", need.url) if need.url else (_CLIENT_PROVIDER,)
    if isinstance(need, JwksSource):
        for url in need.urls:
            yield from _on_url("jwksUrl", url)


def _on_url(name: str, url: str) -> Iterator[str]:
    parts = urlsplit(url)
    if parts.scheme != "https":
        yield (
            f"{name} is not https, so the API is closed unless the adapter's settings have "
            "identity.allow_http"
        )
    yield from _on_host(name, parts.hostname or "")


def _on_host(name: str, host: str) -> Iterator[str]:
    address = address_of(host.lower())
    if address is not None and not address.is_global:
        yield (
            f"{name} is an address inside a network, so the API is closed unless "
            "identity.allow_networks in the adapter's settings contains it"
        )
