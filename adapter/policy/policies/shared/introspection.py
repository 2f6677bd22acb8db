"""What the policies that introspect tokens have in common."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, SecretStr

from adapter.policy.concealed import Concealed
from adapter.policy.effects.effect import Verdict
from adapter.policy.effects.token import (
    Introspect,
    IntrospectionState,
    RefusedToken,
    UnusableAnswer,
    VerifiedToken,
)
from adapter.policy.evaluation import Evaluation
from adapter.policy.outbound_hosts import objection_to_url
from adapter.policy.policies.shared.bearer import token_invalid
from adapter.policy.policies.shared.configuration import NUMBER, without
from adapter.policy.policies.shared.exposed_fields import exposed_headers, forged_headers
from adapter.policy.policies.shared.header_values import is_fit_for_a_header
from adapter.policy.policies.shared.introspected_client import client_of, user_of
from adapter.policy.policies.shared.scopes import Criteria, ScopeCheck, Scopes
from adapter.policy.policies.shared.sender_constraint import token_origin
from adapter.policy.policies.shared.sender_settings import SenderSettings
from adapter.policy.rule import Rule
from adapter.policy.tokens.introspection import IntrospectionSource
from adapter.policy.verdicts import Conclusion, Continue, Deny, DenyReason, Identity

_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""A bearer token (RFC 6750, section 2.1)."""
_MOST_CHARS: Final = 16_384
_NO_TOKEN: Final = token_invalid("it has characters that no bearer token has, or is too long")


def _provider_url(url: str) -> str:
    if url and not url.startswith(("https://", "http://")):
        raise ValueError("must be an https URL, such as https://login.example.com/introspect")
    objection = objection_to_url(url) if url else None
    if objection is not None:
        raise ValueError(objection)
    return url


def _header_value(value: SecretStr) -> SecretStr:
    if not is_fit_for_a_header(value.get_secret_value()):
        raise ValueError("must not contain control characters, because it is sent as a header")
    return value


ProviderUrl = Annotated[str, AfterValidator(str.strip), AfterValidator(_provider_url)]
AuthorizationValue = Annotated[SecretStr, AfterValidator(_header_value)]


class TokenIntrospection(SenderSettings):
    """What an active token needs, and what the upstream gets to know about it."""

    scopes: Annotated[Scopes, Field(examples=["read write"])] = ""
    """Scopes that a token needs, with spaces between them. Empty: none."""
    scope_validation_criteria: Criteria = "AND"
    """Whether a token needs all of the scopes (`AND`), or one of them (`OR`)."""
    skip_client_id_validation: bool = False
    """Whether tokens of clients without a contract are allowed, too."""
    expose_headers: bool = False
    """Whether the service gets the fields of the provider's answer as `x-agw-*` headers."""
    authentication_timeout: Annotated[int, Field(ge=1, le=600_000), NUMBER] = 10_000
    """How long the provider may take to answer, in milliseconds."""
    secure_trust_store: bool = False
    """Certificates are always verified, so this makes no difference."""

    @classmethod
    def used(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Configuration.used`."""
        used = super().used(given)
        return used if given.get("scopes") else without(used, "scopeValidationCriteria")

    @property
    def timeout_s(self) -> float:
        """How long the provider may take."""
        return self.authentication_timeout / 1_000


def introspecting(
    configuration: TokenIntrospection, source: IntrospectionSource, client_field: str = "client_id"
) -> Rule:
    """Allows requests whose token the source says to be active."""
    accept = _Acceptance(configuration, client_field)
    constraint = configuration.constraint
    origin = token_origin(constraint)

    def evaluate(evaluation: Evaluation) -> Verdict:
        token = origin.read(evaluation)
        if isinstance(token, Deny):
            return token
        if len(token) > _MOST_CHARS or not _TOKEN.fullmatch(token):
            return _NO_TOKEN

        def settled(state: IntrospectionState) -> Verdict:
            conclusion = accept.conclusion(evaluation, state)
            if constraint is None or not isinstance(state, VerifiedToken):
                return conclusion
            if isinstance(conclusion, Deny):
                return conclusion
            return constraint.verdict(evaluation, token, state.claims, conclusion)

        return Introspect(Concealed(token), source, settled)

    # A proof names the path and the method that it is for.
    inspects = constraint is not None
    return Rule(evaluate, inspects_path=inspects, inspects_method=inspects, needs=(source,))


class _Acceptance:
    """Decides about a token by what its provider says."""

    def __init__(self, configuration: TokenIntrospection, client_field: str) -> None:
        self._scopes = ScopeCheck(configuration.scopes, configuration.scope_validation_criteria)
        self._client_field = "" if configuration.skip_client_id_validation else client_field
        self._exposes = configuration.expose_headers

    def conclusion(self, evaluation: Evaluation, state: IntrospectionState) -> Conclusion:
        """The verdict."""
        if isinstance(state, RefusedToken):
            return token_invalid(state.why)
        if isinstance(state, UnusableAnswer):
            return Deny(DenyReason.PROVIDER_FAILED, 500, "The token cannot be validated", state.why)
        objection = self._scopes.objection(state.claims)
        return self._accepted(evaluation, state.claims) if objection is None else objection

    def _accepted(self, evaluation: Evaluation, claims: Mapping[str, Any]) -> Conclusion:
        identity = self._identity(evaluation, claims)
        if isinstance(identity, Deny):
            return identity
        if not self._exposes:
            return Continue(identity, claims=claims)
        return Continue(
            identity,
            set_headers=exposed_headers(claims),
            # The upstream must not take a header of the client for one of ours.
            remove_headers=forged_headers(evaluation),
            claims=claims,
        )

    def _identity(
        self, evaluation: Evaluation, claims: Mapping[str, Any]
    ) -> Identity | Deny | None:
        if self._client_field:
            return client_of(evaluation, claims, self._client_field)
        user = user_of(claims)
        return evaluation.identity_of_user(user) if user else None
