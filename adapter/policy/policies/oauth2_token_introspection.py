"""oauth2-token-introspection: allows tokens that an OAuth 2.0 provider says to be active."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from adapter.policy.concealed import Concealed
from adapter.policy.policies.shared.configuration import Whole, read_configuration, without
from adapter.policy.policies.shared.introspection import (
    AuthorizationValue,
    ProviderUrl,
    TokenIntrospection,
    introspecting,
)
from adapter.policy.rule import Rule
from adapter.policy.tokens.introspection import IntrospectionSource

_YEAR_S = 366 * 24 * 3_600


class OAuth2TokenIntrospection(TokenIntrospection):
    """The provider, and how long its answers count."""

    introspection_url: Annotated[ProviderUrl, Field(min_length=1, alias="introspectionURL")]
    authorization_value: Annotated[AuthorizationValue, StringConstraints(min_length=1)]
    validated_token_ttl: Annotated[Whole, Field(ge=0, le=_YEAR_S, alias="validatedTokenTTL")] = 600
    """Seconds."""
    consumer_by: Literal["client_id", "username"] = "client_id"
    """The field of the provider's answer that has the client id."""
    max_cache_entries: Annotated[Whole, Field(ge=0, le=10**9)] = 1_000

    @classmethod
    def used(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Configuration.used`."""
        used = super().used(given)
        if given.get("skipClientIdValidation") is True or not given.get("consumerBy"):
            return without(used, "consumerBy")
        return used


def compile_oauth2_token_introspection(given: Mapping[str, Any]) -> Rule:
    """Compile the policy; raises PolicyError."""
    configuration = read_configuration(OAuth2TokenIntrospection, given)
    source = IntrospectionSource(
        configuration.introspection_url,
        Concealed(configuration.authorization_value.get_secret_value()),
        timeout_s=configuration.timeout_s,
        longest_s=configuration.validated_token_ttl,
        without_exp_s=configuration.validated_token_ttl,
        max_remembered=configuration.max_cache_entries,
    )
    return introspecting(configuration, source, configuration.consumer_by)
