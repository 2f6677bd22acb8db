# mypyc: compiled
"""jwt-validation: allows requests with a signed token (JWT, RFC 7519) of a trusted issuer."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from adapter.errors import PolicyError, PolicyFault
from adapter.policy.effects.effect import Verdict
from adapter.policy.effects.token import (
    NoKeys,
    RefusedToken,
    TokenState,
    VerifiedToken,
    VerifyToken,
)
from adapter.policy.evaluation import Evaluation
from adapter.policy.expression import compile_expression
from adapter.policy.policies.shared.bearer import (
    TokenOrigin,
    token_by_expression,
    token_invalid,
)
from adapter.policy.policies.shared.claim_checks import (
    audience_among,
    fulfilled,
    required,
    written,
)
from adapter.policy.policies.shared.claim_headers import claim_headers
from adapter.policy.policies.shared.configuration import read_configuration
from adapter.policy.policies.shared.jwt_configuration import CustomClaim, JwtValidation
from adapter.policy.policies.shared.sender_constraint import SenderConstraint, token_origin
from adapter.policy.policies.shared.token_client import USER_ONLY, client_with_contract
from adapter.policy.rule import Rule
from adapter.policy.tokens.key_text import read_public_key, read_secret
from adapter.policy.tokens.keys import KeySet
from adapter.policy.tokens.trust import ClaimCheck, JwksSource, TokenTrust
from adapter.policy.verdicts import Conclusion, Continue, Deny, DenyReason

_SECONDS_IN_MINUTE: Final = 60
_MILLISECONDS_IN_SECOND: Final = 1_000


def compile_jwt_validation(given: Mapping[str, Any]) -> Rule:
    """Compile the policy; raises PolicyError."""
    configuration = read_configuration(JwtValidation, given)
    constraint = configuration.constraint
    origin = _origin(configuration, constraint)
    trust = _trust(configuration)
    accept = _Acceptance(configuration)

    def evaluate(evaluation: Evaluation) -> Verdict:
        token = origin.read(evaluation)
        if isinstance(token, Deny):
            return token

        def settled(state: TokenState) -> Verdict:
            conclusion = _conclusion(evaluation, state, accept)
            if constraint is None or not isinstance(state, VerifiedToken):
                return conclusion
            if isinstance(conclusion, Deny):
                return conclusion
            return constraint.verdict(evaluation, token, state.claims, conclusion)

        return VerifyToken(token, trust, settled)

    return Rule(
        evaluate,
        # A proof names the path and the method that it is for.
        inspects_path=origin.inspects_path or accept.inspects_path or constraint is not None,
        inspects_method=origin.inspects_method or accept.inspects_method or constraint is not None,
        set_headers=frozenset(accept.header_names),
        needs=(trust.keys,) if isinstance(trust.keys, JwksSource) else (),
        warnings=configuration.warnings,
    )


def _origin(configuration: JwtValidation, constraint: SenderConstraint | None) -> TokenOrigin:
    if configuration.jwt_origin == "customExpression":
        return token_by_expression(configuration.jwt_expression)
    return token_origin(constraint)


def _trust(configuration: JwtValidation) -> TokenTrust:
    algorithms, keys = configuration.algorithms, _keys(configuration)
    if isinstance(keys, KeySet):
        _check_fits(keys, algorithms)
    return TokenTrust(keys, algorithms, _checks(configuration))


def _keys(configuration: JwtValidation) -> KeySet | JwksSource:
    if configuration.jwt_key_origin == "jwks":
        ttl_s = configuration.jwks_service_time_to_live * _SECONDS_IN_MINUTE
        timeout_s = configuration.jwks_service_connection_timeout / _MILLISECONDS_IN_SECOND
        return JwksSource(configuration.urls, ttl_s, timeout_s)
    text = configuration.text_key.get_secret_value()
    try:
        return (
            read_secret(text) if configuration.signing_method == "hmac" else read_public_key(text)
        )
    except ValueError as e:
        raise PolicyError(f"textKey: {e}", (PolicyFault("textKey", str(e)),)) from None


def _check_fits(keys: KeySet, algorithms: frozenset[str]) -> None:
    if not any(key.algorithms & algorithms for key in keys.keys):
        why = (
            "the type, curve or length of the key does not fit signingMethod and "
            f"signingKeyLength ({', '.join(sorted(algorithms))})"
        )
        raise PolicyError(f"textKey: {why}", (PolicyFault("textKey", why),))


def _conclusion(evaluation: Evaluation, state: TokenState, accept: "_Acceptance") -> Conclusion:
    if isinstance(state, NoKeys):
        return Deny(
            DenyReason.KEYS_UNAVAILABLE, 503, "Tokens cannot be verified at present", state.why
        )
    if isinstance(state, RefusedToken):
        return token_invalid(state.why)
    return evaluation.with_claims(state.claims, accept)


class _Acceptance:
    """Decides about an authentic token by its claims."""

    def __init__(self, configuration: JwtValidation) -> None:
        self._checks = tuple(
            fulfilled(claim.key, claim.value)
            for claim in configuration.custom_claims
            if _plain_text(claim) is None
        )
        self._headers = tuple(
            (header.claim_name, header.header_name) for header in configuration.claims_to_headers
        )
        self.header_names = tuple(header for _, header in self._headers)
        client = (
            USER_ONLY
            if configuration.skip_client_id_validation
            else client_with_contract(configuration.client_id_expression)
        )
        self._find_client = client.find
        sources = [compile_expression(claim.value) for claim in configuration.custom_claims]
        self.inspects_path = client.inspects_path or any(e.inspects_path for e in sources)
        self.inspects_method = client.inspects_method or any(e.inspects_method for e in sources)

    def __call__(self, evaluation: Evaluation) -> Conclusion:
        """The verdict; `evaluation.claims` are the token's."""
        for check in self._checks:
            objection = check(evaluation)
            if objection is not None:
                return token_invalid(objection)
        identity = self._find_client(evaluation)
        if isinstance(identity, Deny):
            return identity
        if not self._headers:
            # By position: this is the usual case, and keywords cost as much as a small policy.
            return Continue(identity, (), (), (), (), (), None, evaluation.claims)
        try:
            headers = claim_headers(self._headers, evaluation)
        except ValueError as e:
            return token_invalid(str(e))
        return Continue(
            identity,
            set_headers=headers,
            # The upstream must not take a header of the client for one of ours.
            remove_headers=self.header_names,
            claims=evaluation.claims,
        )


def _checks(configuration: JwtValidation) -> Iterator[ClaimCheck]:
    """The checks that need only the claims."""
    if configuration.mandatory_exp_claim:
        yield required("exp")
    if configuration.mandatory_nbf_claim:
        yield required("nbf")
    if configuration.mandatory_aud_claim:
        yield required("aud")
    if configuration.validate_aud_claim:
        yield audience_among(configuration.audiences)
    for claim in configuration.mandatory_custom_claims:
        yield required(claim.key)
    for claim in configuration.custom_claims:
        text = _plain_text(claim)
        if text is not None:
            yield written(claim.key, text)


def _plain_text(claim: CustomClaim) -> str | None:
    """The value of the claim; None if an expression says it."""
    return compile_expression(claim.value).literal
