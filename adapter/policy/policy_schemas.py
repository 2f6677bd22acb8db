"""JSON Schemas of the configurations of all policy types, made from the models that read them.

Forms and other tools can use them to find mistakes before a policy is applied. What a schema cannot
say, such as whether an expression compiles, only the adapter finds out.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from adapter.policy.policies.access_block import AccessBlock
from adapter.policy.policies.client_id_enforcement import ClientIdEnforcement
from adapter.policy.policies.cors import Cors
from adapter.policy.policies.credential_injection_basic_auth import CredentialInjectionBasicAuth
from adapter.policy.policies.header_injection import HeaderInjection
from adapter.policy.policies.header_removal import HeaderRemoval
from adapter.policy.policies.http_basic_authentication import HttpBasicAuthentication
from adapter.policy.policies.ip_lists import IpAllowlist, IpBlocklist
from adapter.policy.policies.ldap_authentication import LdapAuthentication
from adapter.policy.policies.message_logging import MessageLogging
from adapter.policy.policies.oauth2_token_introspection import OAuth2TokenIntrospection
from adapter.policy.policies.openidconnect_access_token_enforcement import (
    OpenIdConnectAccessTokenEnforcement,
)
from adapter.policy.policies.rate_limiting import RateLimiting
from adapter.policy.policies.rate_limiting_sla_based import RateLimitingSlaBased
from adapter.policy.policies.shared.configuration import Configuration
from adapter.policy.policies.shared.field_descriptions import title_of
from adapter.policy.policies.shared.jwt_configuration import JwtValidation
from adapter.policy.policies.spike_control import SpikeControl

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

CONFIGURATIONS: Final[Mapping[str, type[Configuration]]] = MappingProxyType(
    {
        "access-block": AccessBlock,
        "client-id-enforcement": ClientIdEnforcement,
        "cors": Cors,
        "credential-injection-basic-auth": CredentialInjectionBasicAuth,
        "header-injection": HeaderInjection,
        "header-removal": HeaderRemoval,
        "http-basic-authentication": HttpBasicAuthentication,
        "ip-allowlist": IpAllowlist,
        "ip-blocklist": IpBlocklist,
        "jwt-validation": JwtValidation,
        "ldap-authentication": LdapAuthentication,
        "message-logging": MessageLogging,
        "oauth2-token-introspection": OAuth2TokenIntrospection,
        "openidconnect-access-token-enforcement": OpenIdConnectAccessTokenEnforcement,
        "rate-limiting": RateLimiting,
        "rate-limiting-sla-based": RateLimitingSlaBased,
        "spike-control": SpikeControl,
    }
)
"""The model of each policy type in `compile.POLICY_TYPES`."""


def policy_schemas() -> dict[str, dict[str, Any]]:
    """A JSON Schema (draft 2020-12) for each policy type.

    Settings are in the order of a form, each with title and description. Secrets have the format
    `password`, and expressions the format `expression`.
    """
    return {
        name: {"$schema": DIALECT, **model.model_json_schema(), "title": title_of(name)}
        for name, model in CONFIGURATIONS.items()
    }
