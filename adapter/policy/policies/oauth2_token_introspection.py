"""oauth2-token-introspection: allows tokens that an OAuth 2.0 provider says to be active."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from adapter.policy.concealed import Concealed
from adapter.policy.policies.shared.configuration import NUMBER, read_configuration, without
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
    """Allows access tokens that an OAuth 2.0 provider says to be active."""

    introspection_url: Annotated[
        ProviderUrl,
        Field(
            min_length=1,
            alias="introspectionURL",
            examples=["https://login.example.com/oauth2/introspect"],
        ),
    ]
    """The provider's introspection endpoint (RFC 7662)."""
    authorization_value: Annotated[AuthorizationValue, StringConstraints(min_length=1)]
    """The `authorization` header that the adapter sends to the provider, such as `Basic ...`."""
    validated_token_ttl: Annotated[
        int, Field(ge=0, le=_YEAR_S, alias="validatedTokenTTL"), NUMBER
    ] = 600
    """How long an answer counts at most, in seconds."""
    consumer_by: Literal["client_id", "username"] = "client_id"
    """The field of the provider's answer that has the client ID."""
    max_cache_entries: Annotated[int, Field(ge=0, le=10**9), NUMBER] = 1_000
    """How many answers are remembered."""

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
