"""What policies may use outside this process, as the settings say."""

from collections.abc import Callable
from importlib.util import find_spec

from adapter.identity.introspection.rules import EndpointRules
from adapter.identity.jwks.rules import KeySourceRules
from adapter.identity.ldap.rules import DirectoryRules
from adapter.identity.outbound.address_guard import AddressGuard
from adapter.identity.outbound.host_rules import HostRules
from adapter.identity.outbound.url_text import UrlTextRules
from adapter.policy.ldap_directory import LdapDirectory
from adapter.policy.need import Need
from adapter.policy.tokens.introspection import IntrospectionSource
from adapter.policy.tokens.trust import JwksSource
from adapter.settings import IdentitySettings


def objection_to_needs(
    settings: IdentitySettings, *, ldap_installed: bool | None = None
) -> Callable[[Need], str | None]:
    """What policies may not use: see `policy.need`.

    `ldap_installed`: whether the extra `ldap` is there; None to find out.
    """
    if ldap_installed is None:
        ldap_installed = find_spec("sansldap") is not None
    hosts = HostRules(AddressGuard(settings.allow_networks), settings.allowed_hosts)
    directories = DirectoryRules(hosts, installed=ldap_installed)
    urls = UrlTextRules(hosts, allow_http=settings.allow_http)
    key_sources = KeySourceRules(urls)
    endpoints = EndpointRules(
        urls, has_client_provider=settings.client_provider.client_secret is not None
    )

    def objection(need: Need) -> str | None:
        if isinstance(need, LdapDirectory):
            return directories.objection(need)
        if isinstance(need, IntrospectionSource):
            return endpoints.objection(need)
        return key_sources.objection(need) if isinstance(need, JwksSource) else None

    return objection
