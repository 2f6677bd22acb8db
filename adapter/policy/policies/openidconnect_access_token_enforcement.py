"""openidconnect-access-token-enforcement: allows tokens of the organization's client provider."""

from collections.abc import Mapping
from math import inf
from typing import Annotated, Any

from pydantic import Field, SecretStr, model_validator

from adapter.errors import PolicyFault
from adapter.policy.concealed import Concealed
from adapter.policy.policies.shared.configuration import NUMBER, read_configuration
from adapter.policy.policies.shared.configuration_faults import refuse
from adapter.policy.policies.shared.introspection import (
    AuthorizationValue,
    ProviderUrl,
    TokenIntrospection,
    introspecting,
)
from adapter.policy.rule import Rule
from adapter.policy.tokens.introspection import IntrospectionSource


class OpenIdConnectAccessTokenEnforcement(TokenIntrospection):
    """Allows access tokens of the organization's client provider."""

    introspection_url: Annotated[
        ProviderUrl,
        Field(alias="introspectionURL", examples=["https://login.example.com/oauth2/introspect"]),
    ] = ""
    """The provider's introspection endpoint. Empty: the client provider in the operator's
    settings."""
    authorization_value: AuthorizationValue = SecretStr("")
    """The `authorization` header that the adapter sends to the provider, such as `Basic ...`."""
    max_federation_expiration_time: Annotated[int, Field(ge=-1, le=10**9), NUMBER] = -1
    """How long an answer counts at most, in seconds. -1: until the token expires."""
    max_cache_size: Annotated[int, Field(ge=0, le=10**9), NUMBER] = 1_000
    """How many answers are remembered."""

    @model_validator(mode="after")
    def _both_or_neither(self) -> "OpenIdConnectAccessTokenEnforcement":
        if bool(self.introspection_url) != bool(self.authorization_value.get_secret_value()):
            missing = "authorizationValue" if self.introspection_url else "introspectionURL"
            why = "is missing: set both introspectionURL and authorizationValue, or neither"
            refuse([PolicyFault(missing, why)])
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
