"""Tokens that are bound to their client: a stolen one is worth nothing without the client's key.

A token is bound by its claim `cnf` (RFC 7800): to a certificate (RFC 8705) or to a key whose
possession the client proves with each request (DPoP, RFC 9449).
"""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final, Literal, TypeAlias

from adapter.policy.effects.effect import Verdict
from adapter.policy.effects.use import Usage, UseOnce
from adapter.policy.evaluation import Evaluation
from adapter.policy.policies.shared.bearer import (
    BEARER_HEADER,
    BEARER_SCHEME,
    TOKEN_MISSING,
    TokenOrigin,
    token_by_scheme,
    token_invalid,
)
from adapter.policy.request.attributes import RequestAttributes
from adapter.policy.request.canonical_host import is_canonical
from adapter.policy.request.client_certificate import digest_of, read_certificate
from adapter.policy.tokens.base64url import encoded
from adapter.policy.tokens.dpop import DpopProof, read_proof
from adapter.policy.tokens.faults import TokenFault
from adapter.policy.verdicts import Conclusion, Deny, DenyReason

Binding: TypeAlias = Literal["mtls", "dpop", "any"]

_DPOP_SCHEME: Final = "dpop "
_CERTIFICATE: Final = "x5t#S256"
_KEY: Final = "jkt"
_NAMES: Final = {"mtls": (_CERTIFICATE,), "dpop": (_KEY,), "any": (_CERTIFICATE, _KEY)}


class SenderConstraint:
    """Requires that tokens are bound, and checks every binding that a token has."""

    def __init__(
        self, binding: Binding, algorithms: frozenset[str], max_age_s: float, origin: str = ""
    ) -> None:
        """`origin` is the scheme and host that clients use; empty for those of the request."""
        self._wanted: Final = _NAMES[binding]
        self._algorithms: Final = algorithms
        self._max_age_s: Final = max_age_s
        self._origin: Final = origin
        named = f'algs="{" ".join(sorted(algorithms))}"'
        self._invalid_token: Final = f'DPoP error="invalid_token", {named}'
        self._invalid_proof: Final = f'DPoP error="invalid_dpop_proof", {named}'
        asked = [f"DPoP {named}"] if binding == "dpop" else ["Bearer", f"DPoP {named}"]
        self.token_missing: Final = (
            TOKEN_MISSING
            if binding == "mtls"
            else replace(TOKEN_MISSING, headers=(("www-authenticate", ", ".join(asked)),))
        )

    def verdict(
        self, evaluation: Evaluation, token: str, claims: Mapping[str, Any], accepted: Conclusion
    ) -> Verdict:
        """`accepted` if the caller is the client that the authentic token is bound to."""
        confirmation = claims.get("cnf", {})
        if not isinstance(confirmation, dict):
            return token_invalid("the claim cnf is not an object")
        if not any(name in confirmation for name in self._wanted):
            return token_invalid(f"the claim cnf has no {' or '.join(self._wanted)}")
        if _CERTIFICATE in confirmation:
            objection = _objection_to_certificate(evaluation, confirmation[_CERTIFICATE])
            if objection is not None:
                return token_invalid(objection)
        if _KEY in confirmation:
            return self._proven(evaluation, token, confirmation[_KEY], accepted)
        if _has_dpop_scheme(evaluation):
            return self._invalid(self._invalid_token, "the token is not bound to a DPoP key")
        return accepted

    def _proven(
        self, evaluation: Evaluation, token: str, key: object, accepted: Conclusion
    ) -> Verdict:
        if _has_bearer_scheme(evaluation, token):
            return self._invalid(
                self._invalid_token, "a token with a DPoP key came with the scheme Bearer"
            )
        try:
            proof = self._proof(evaluation, token)
        except TokenFault as e:
            return self._invalid_dpop(str(e))
        if proof.thumbprint != key:
            return self._invalid(
                self._invalid_token, "the proof is by another key than the one of the token"
            )

        def settled(usage: Usage) -> Conclusion:
            if usage.unknown:
                return Deny(
                    DenyReason.REPLAY_UNKNOWN,
                    503,
                    "The DPoP proof cannot be checked at present",
                    usage.unknown,
                )
            return self._invalid_dpop(usage.objection) if usage.objection else accepted

        name = evaluation.api_id, evaluation.policy.counter, _name_of(proof)
        return UseOnce(name, proof.issued_at, self._max_age_s, settled)

    def _proof(self, evaluation: Evaluation, token: str) -> DpopProof:
        """The proof for this request with this token. Raises TokenFault."""
        header = evaluation.header("dpop")
        if header is None:
            raise TokenFault("there is no dpop header")
        proof = read_proof(header, self._algorithms)
        request = evaluation.request
        objection = proof.objection(request.method, self._url(request), token)
        if objection is not None:
            raise TokenFault(objection)
        return proof

    def _url(self, request: RequestAttributes) -> str:
        """The URL that the client used. Raises TokenFault if the host is not plain.

        A host such as `api.test/public?` would make it the URL of another resource.
        """
        if not self._origin and not is_canonical(request.authority):
            raise TokenFault("the host has more than one reading")
        origin = self._origin or f"{request.scheme}://{request.authority}"
        return origin + request.path

    def _invalid_dpop(self, detail: str) -> Deny:
        return self._invalid(self._invalid_proof, f"DPoP: {detail}", DenyReason.PROOF_INVALID)

    def _invalid(
        self, challenge: str, detail: str, reason: DenyReason = DenyReason.TOKEN_INVALID
    ) -> Deny:
        message = "The token is invalid"
        if reason is DenyReason.PROOF_INVALID:
            message = "The DPoP proof is invalid"
        return Deny(reason, 401, message, detail, (("www-authenticate", challenge),))


def token_origin(constraint: SenderConstraint | None) -> TokenOrigin:
    """Where clients send tokens in the `authorization` header under that constraint."""
    if constraint is None:
        return BEARER_HEADER
    return token_by_scheme(BEARER_SCHEME, _DPOP_SCHEME, missing=constraint.token_missing)


def _name_of(proof: DpopProof) -> str:
    """A short name: the client chooses `jti`, and other clients may choose the same one."""
    return encoded(sha256(f"{proof.thumbprint} {proof.token_id}".encode()).digest())


def _objection_to_certificate(evaluation: Evaluation, digest: object) -> str | None:
    """Why the client's certificate is not the one of the token (RFC 8705, section 3)."""
    text = evaluation.request.certificate
    if not text:
        return (
            "the token is bound to a certificate, and Envoy sent none: the client has none, or "
            "include_peer_certificate is not set"
        )
    try:
        given = encoded(digest_of(read_certificate(text)))
    except ValueError as e:
        return str(e)
    return None if given == digest else "the token is bound to another certificate"


def _has_dpop_scheme(evaluation: Evaluation) -> bool:
    header = evaluation.header("authorization") or ""
    return header[: len(_DPOP_SCHEME)].lower() == _DPOP_SCHEME


def _has_bearer_scheme(evaluation: Evaluation, token: str) -> bool:
    """Whether this token came as a bearer token, and not from elsewhere in the request."""
    header = evaluation.header("authorization") or ""
    is_bearer = header[: len(BEARER_SCHEME)].lower() == BEARER_SCHEME
    return is_bearer and header[len(BEARER_SCHEME) :].strip(" ") == token
