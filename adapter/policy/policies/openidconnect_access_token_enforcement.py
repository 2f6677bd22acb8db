"""openidconnect-access-token-enforcement: allows tokens of the organization's client provider."""

from collections.abc import Mapping
from math import inf
from typing import Annotated, Any

from pydantic import Field, SecretStr, model_validator

from adapter.policy.concealed import Concealed
from adapter.policy.policies.shared.configuration import Whole, read_configuration
from adapter.policy.policies.shared.introspection import (
    AuthorizationValue,
    ProviderUrl,
    TokenIntrospection,
    introspecting,
)
from adapter.policy.rule import Rule
from adapter.policy.tokens.introspection import IntrospectionSource


class OpenIdConnectAccessTokenEnforcement(TokenIntrospection):
    """How long answers of the client provider count; or another provider."""

    introspection_url: Annotated[ProviderUrl, Field(alias="introspectionURL")] = ""
    """Empty: the client provider in the operator's settings."""
    authorization_value: AuthorizationValue = SecretStr("")
    max_federation_expiration_time: Annotated[Whole, Field(ge=-1, le=10**9)] = -1
    """Seconds; -1: until the token expires."""
    max_cache_size: Annotated[Whole, Field(ge=0, le=10**9)] = 1_000

    @model_validator(mode="after")
    def _both_or_neither(self) -> "OpenIdConnectAccessTokenEnforcement":
        if bool(self.introspection_url) != bool(self.authorization_value.get_secret_value()):
            raise ValueError("set both introspectionURL and authorizationValue, or neither")
        return self


def compile_openidconnect_access_token_enforcement(given: Mapping[str, Any]) -> Rule:
    """Compile the policy; raises PolicyError."""
    configuration = read_configuration(OpenIdConnectAccessTokenEnforcement, given)
    longest_s = configuration.max_federation_expiration_time
    source = IntrospectionSource(
        configuration.introspection_url,
        Concealed(configuration.authorization_value.get_secret_value()),
        timeout_s=configuration.timeout_s,
        longest_s=inf if longest_s < 0 else longest_s,
        without_exp_s=0,
        max_remembered=configuration.max_cache_size,
    )
    return introspecting(configuration, source)
