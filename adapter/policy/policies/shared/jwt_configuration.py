"""The configuration of jwt-validation, with the platform's names and defaults."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field, SecretStr, model_validator

from adapter.policy.policies.shared.configuration import (
    Configuration,
    ExpressionSource,
    Whole,
    without,
)
from adapter.policy.policies.shared.credentials import CredentialExpression
from adapter.policy.policies.shared.header_values import RequestHeaderName
from adapter.policy.tokens.dpop import ALGORITHMS
from adapter.policy.tokens.request_url import normal_url

_ALGORITHMS: Final[Mapping[tuple[str, int], frozenset[str]]] = {
    ("eddsa", 256): frozenset({"EdDSA", "Ed25519", "Ed448"}),
    **{("rsa", bits): frozenset({f"RS{bits}", f"PS{bits}"}) for bits in (256, 384, 512)},
    **{("hmac", bits): frozenset({f"HS{bits}"}) for bits in (256, 384, 512)},
    **{("es", bits): frozenset({f"ES{bits}"}) for bits in (256, 384, 512)},
}
_MOST_URLS: Final = 10


class CustomClaim(Configuration):
    """A claim, and its value or an expression: see `claim_checks.fulfilled`."""

    key: Annotated[str, Field(min_length=1)]
    value: ExpressionSource


class ClaimHeader(Configuration):
    """One claim, and the header that it becomes. `key` and `value` are other names of the two."""

    claim_name: str
    header_name: RequestHeaderName

    @classmethod
    def used(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Configuration.used`."""
        names = {"key": "claimName", "value": "headerName"}
        return {names.get(name, name): value for name, value in given.items()}


CustomClaims = Annotated[tuple[CustomClaim, ...], Field(max_length=100)]


class JwtValidation(Configuration):
    """Where the token and the keys are, and what the claims have to say."""

    jwt_origin: Literal["httpBearerAuthenticationHeader", "customExpression"] = (
        "httpBearerAuthenticationHeader"
    )
    jwt_expression: CredentialExpression = "#[attributes.headers['jwt']]"
    signing_method: Literal["rsa", "hmac", "es", "eddsa", "none"] = "rsa"
    signing_key_length: Whole = 256
    jwt_key_origin: Literal["text", "jwks"] = "text"
    text_key: SecretStr = SecretStr("")
    jwks_url: str = ""
    jwks_service_time_to_live: Annotated[Whole, Field(ge=1, le=525_600)] = 60
    """Minutes."""
    jwks_service_connection_timeout: Annotated[Whole, Field(ge=1, le=600_000)] = 10_000
    """Milliseconds."""
    skip_client_id_validation: bool = False
    client_id_expression: CredentialExpression = "#[vars.claimSet.client_id]"
    validate_aud_claim: bool = False
    mandatory_aud_claim: bool = False
    supported_audiences: str = ""
    mandatory_exp_claim: bool = False
    mandatory_nbf_claim: bool = False
    validate_custom_claim: bool = False
    mandatory_custom_claims: CustomClaims = ()
    non_mandatory_custom_claims: CustomClaims = ()
    sender_constraint: Literal["none", "mtls", "dpop", "any"] = "none"
    """An extension of ours: how tokens have to be bound to their client."""
    dpop_algorithms: str = ""
    dpop_proof_max_age: Annotated[Whole, Field(ge=1, le=3_600)] = 60
    """Seconds."""
    dpop_origin: str = ""
    claims_to_headers: Annotated[tuple[ClaimHeader, ...], Field(max_length=100)] = ()

    @classmethod
    def used(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Configuration.used`."""
        origin = given.get("jwtKeyOrigin") or ("jwks" if given.get("jwksUrl") else "text")
        used = without(given, *_unused(given, origin))
        return {**used, "jwtKeyOrigin": origin}

    @model_validator(mode="after")
    def _complete(self) -> "JwtValidation":
        faults = "; ".join(self._faults())
        if faults:
            raise ValueError(faults)
        return self

    def _faults(self) -> Iterator[str]:
        if self.signing_method == "none":
            yield (
                "signingMethod none cannot be enforced, because anybody can write a token without "
                "a signature; choose the method that the issuer signs with"
            )
        elif (self.signing_method, self.signing_key_length) not in _ALGORITHMS:
            yield "signingKeyLength must be 256, 384 or 512"
        if self.jwt_origin == "customExpression" and not self.jwt_expression.strip():
            yield "jwtExpression is missing"
        if self.jwt_key_origin == "jwks":
            yield from _url_faults(self.urls)
        elif not self.text_key.get_secret_value():
            yield "textKey is missing"
        if not self.skip_client_id_validation and not self.client_id_expression.strip():
            yield "clientIdExpression is missing"
        if self.validate_aud_claim and not self.audiences:
            yield "supportedAudiences is missing"
        yield from self._dpop_faults()
        headers = [header.header_name for header in self.claims_to_headers]
        if len(set(headers)) < len(headers):
            yield "claimsToHeaders has a header name twice"

    def _dpop_faults(self) -> Iterator[str]:
        if not self.proof_algorithms <= ALGORITHMS:
            yield f"dpopAlgorithms may have {', '.join(sorted(ALGORITHMS))}"
        if self.dpop_origin and normal_url(self.dpop_origin) != f"{self.dpop_origin.lower()}/":
            yield "dpopOrigin must be https://HOST or https://HOST:PORT"

    @property
    def algorithms(self) -> frozenset[str]:
        """The algorithms that the issuer may sign with."""
        return _ALGORITHMS[self.signing_method, self.signing_key_length]

    @property
    def proof_algorithms(self) -> frozenset[str]:
        """The algorithms that clients may sign DPoP proofs with."""
        return frozenset(_listed(self.dpop_algorithms)) or ALGORITHMS

    @property
    def custom_claims(self) -> tuple[CustomClaim, ...]:
        """All claims whose values are checked."""
        return self.mandatory_custom_claims + self.non_mandatory_custom_claims

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs of key sets, each once."""
        return tuple(dict.fromkeys(_listed(self.jwks_url)))

    @property
    def audiences(self) -> tuple[str, ...]:
        """The audiences that are accepted."""
        return tuple(_listed(self.supported_audiences))


def _unused(given: Mapping[str, Any], key_origin: str) -> Iterator[str]:
    """The settings that have no effect because of others."""
    yield "customKeyExpression"
    yield from ("textKey",) if key_origin == "jwks" else ("jwksUrl",)
    if key_origin != "jwks":
        yield from ("jwksServiceTimeToLive", "jwksServiceConnectionTimeout")
    if given.get("jwtOrigin") != "customExpression":
        yield "jwtExpression"
    if given.get("signingMethod") in {"eddsa", "none"}:
        yield "signingKeyLength"
    if given.get("senderConstraint", "none") == "none":
        yield from ("dpopAlgorithms", "dpopProofMaxAge", "dpopOrigin")
    if given.get("skipClientIdValidation") is True:
        yield "clientIdExpression"
    if not given.get("validateAudClaim"):
        yield from ("mandatoryAudClaim", "supportedAudiences")
    if not given.get("validateCustomClaim"):
        yield from ("mandatoryCustomClaims", "nonMandatoryCustomClaims")


def _listed(text: str) -> Iterator[str]:
    return (part.strip() for part in text.split(",") if part.strip())


def _url_faults(urls: tuple[str, ...]) -> Iterator[str]:
    if not urls:
        yield "jwksUrl is missing"
    if len(urls) > _MOST_URLS:
        yield f"jwksUrl has more than {_MOST_URLS} URLs"
    for number, url in enumerate(urls, 1):
        if not url.startswith(("https://", "http://")) or not url.isprintable() or " " in url:
            yield f"URL {number} of jwksUrl is not an https URL"
