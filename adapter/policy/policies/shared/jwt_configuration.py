"""The configuration of jwt-validation, with the platform's names and defaults."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from adapter.errors import PolicyFault
from adapter.policy.outbound_hosts import objection_to_url
from adapter.policy.policies.shared.configuration import (
    NUMBER,
    Configuration,
    ExpressionSource,
    Whole,
    without,
)
from adapter.policy.policies.shared.configuration_faults import refuse
from adapter.policy.policies.shared.header_values import RequestHeaderName
from adapter.policy.policies.shared.request_expression import CredentialExpression
from adapter.policy.policies.shared.sender_settings import SenderSettings, listed

_ALGORITHMS: Final[Mapping[tuple[str, int], frozenset[str]]] = {
    ("eddsa", 256): frozenset({"EdDSA", "Ed25519", "Ed448"}),
    **{("rsa", bits): frozenset({f"RS{bits}", f"PS{bits}"}) for bits in (256, 384, 512)},
    **{("hmac", bits): frozenset({f"HS{bits}"}) for bits in (256, 384, 512)},
    **{("es", bits): frozenset({f"ES{bits}"}) for bits in (256, 384, 512)},
}
_MOST_URLS: Final = 10

NEVER_EXPIRES: Final = (
    "mandatoryExpClaim is false, so a token without the claim exp is accepted at any time"
)


class CustomClaim(Configuration):
    """A claim, and what it has to be."""

    key: Annotated[str, Field(min_length=1, examples=["iss"])]
    """The name of the claim."""
    value: Annotated[ExpressionSource, Field(examples=["https://login.example.com"])]
    """The value that the claim must have: plain text or an expression. An expression that reads
    `vars.claimSet` and returns true or false is the condition itself."""


class ClaimHeader(Configuration):
    """A claim, and the header that it becomes. `key` and `value` are other names of the two."""

    claim_name: Annotated[str, Field(min_length=1, examples=["sub"])]
    """The name of the claim."""
    header_name: Annotated[RequestHeaderName, Field(examples=["x-user"])]
    """The name of the header."""

    @classmethod
    def used(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Configuration.used`."""
        names = {"key": "claimName", "value": "headerName"}
        return {names.get(name, name): value for name, value in given.items()}


def _signed(method: str) -> str:
    if method == "none":
        raise ValueError(
            "none cannot be enforced, because anybody can write a token without a signature; "
            "choose the method that the issuer signs with"
        )
    return method


def _urls(text: str) -> str:
    urls = list(listed(text))
    if len(urls) > _MOST_URLS:
        raise ValueError(f"has more than {_MOST_URLS} URLs")
    for number, url in enumerate(urls, 1):
        if not url.startswith(("https://", "http://")) or not url.isprintable() or " " in url:
            raise ValueError(f"URL {number} is not an https URL; separate several URLs by commas")
        if (objection := objection_to_url(url)) is not None:
            raise ValueError(f"URL {number}: {objection}")
    return text


def _each_header_once(headers: tuple[ClaimHeader, ...]) -> tuple[ClaimHeader, ...]:
    names = [header.header_name for header in headers]
    if len(set(names)) < len(names):
        raise ValueError("has a header name twice; name each header once")
    return headers


CustomClaims = Annotated[tuple[CustomClaim, ...], Field(max_length=100)]


class JwtValidation(SenderSettings):
    """Allows requests with a signed token (JWT) of a trusted issuer."""

    only_if = MappingProxyType(
        {
            **SenderSettings.only_if,
            "mandatoryAudClaim": "validateAudClaim is true",
            "supportedAudiences": "validateAudClaim is true",
            "mandatoryCustomClaims": "validateCustomClaim is true",
            "nonMandatoryCustomClaims": "validateCustomClaim is true",
        }
    )

    jwt_origin: Literal["httpBearerAuthenticationHeader", "customExpression"] = (
        "httpBearerAuthenticationHeader"
    )
    """Where the token is: in the header `authorization`, or where `jwtExpression` says."""
    jwt_expression: CredentialExpression = "#[attributes.headers['jwt']]"
    """Where the token is, with the origin `customExpression`."""
    signing_method: Annotated[
        Literal["rsa", "hmac", "es", "eddsa", "none"], AfterValidator(_signed)
    ] = "rsa"
    """The kind of signature that the issuer makes. `none` cannot be enforced."""
    signing_key_length: Annotated[Whole, Field(examples=[256])] = 256
    """The length of the signature's hash: 256, 384 or 512."""
    jwt_key_origin: Literal["text", "jwks"] = "text"
    """Where the issuer's key is: in `textKey`, or at `jwksUrl`."""
    text_key: SecretStr = SecretStr("")
    """The issuer's public key in PEM, or the shared secret for the method `hmac`."""
    custom_key_expression: str = ""
    """Has no effect: keys come from `textKey` or `jwksUrl`."""
    jwks_url: Annotated[
        str,
        AfterValidator(_urls),
        Field(examples=["https://login.example.com/.well-known/jwks.json"]),
    ] = ""
    """The URLs of the issuer's key sets (RFC 7517), with commas between them; at most 10."""
    jwks_service_time_to_live: Annotated[int, Field(ge=1, le=525_600), NUMBER] = 60
    """How long a fetched key set is used before it is fetched again, in minutes."""
    jwks_service_connection_timeout: Annotated[int, Field(ge=1, le=600_000), NUMBER] = 10_000
    """How long fetching a key set may take, in milliseconds."""
    skip_client_id_validation: bool = False
    """Whether tokens of clients without a contract are allowed, too."""
    client_id_expression: CredentialExpression = "#[vars.claimSet.client_id]"
    """Where the client ID is, whose contract is required."""
    validate_aud_claim: bool = False
    """Whether the claim `aud` is checked."""
    mandatory_aud_claim: bool = False
    """Whether a token must have the claim `aud`."""
    supported_audiences: Annotated[str, Field(examples=["orders, billing"])] = ""
    """The audiences that are accepted, with commas between them."""
    mandatory_exp_claim: bool = False
    """Whether a token must have the claim `exp`. An expired token is refused in any case."""
    mandatory_nbf_claim: bool = False
    """Whether a token must have the claim `nbf`."""
    validate_custom_claim: bool = False
    """Whether the custom claims are checked."""
    mandatory_custom_claims: CustomClaims = ()
    """Claims that a token must have, and their values."""
    non_mandatory_custom_claims: CustomClaims = ()
    """Values of claims that a token may have."""
    claims_to_headers: Annotated[
        tuple[ClaimHeader, ...],
        AfterValidator(_each_header_once),
        Field(max_length=100, examples=[[{"claimName": "sub", "headerName": "x-user"}]]),
    ] = ()
    """Claims that the service gets as headers."""

    @classmethod
    def used(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Configuration.used`."""
        origin = given.get("jwtKeyOrigin") or ("jwks" if given.get("jwksUrl") else "text")
        used = without(super().used(given), *_unused(given, origin))
        return {**used, "jwtKeyOrigin": origin}

    @model_validator(mode="after")
    def _complete(self) -> "JwtValidation":
        refuse(PolicyFault(field, why) for field, why in self._faults())
        return self

    def _faults(self) -> Iterator[tuple[str, str]]:
        if (self.signing_method, self.signing_key_length) not in _ALGORITHMS:
            yield "signingKeyLength", "must be 256, 384 or 512"
        if self.jwt_origin == "customExpression" and not self.jwt_expression.strip():
            yield "jwtExpression", "is missing: say where the token is, or change jwtOrigin"
        if self.jwt_key_origin == "jwks":
            if not self.urls:
                yield "jwksUrl", "is missing: set the URL of the issuer's keys, or textKey instead"
        elif not self.text_key.get_secret_value():
            yield "textKey", "is missing: set the issuer's key, or set jwksUrl instead"
        if not self.skip_client_id_validation and not self.client_id_expression.strip():
            yield (
                "clientIdExpression",
                "is missing: say where the client id is, or set skipClientIdValidation",
            )
        if self.validate_aud_claim and not self.audiences:
            yield "supportedAudiences", "is missing: list audiences, or unset validateAudClaim"

    @property
    def warnings(self) -> tuple[str, ...]:
        """See `Rule.warnings`."""
        itself = (
            f"the claim {claim.key} is compared with itself, so any value is accepted; write the "
            "value that it must have"
            for claim in self.custom_claims
            if _reads_claim(claim.value, claim.key)
        )
        return (*itself, *(() if self.mandatory_exp_claim else (NEVER_EXPIRES,)))

    @property
    def algorithms(self) -> frozenset[str]:
        """The algorithms that the issuer may sign with."""
        return _ALGORITHMS[self.signing_method, self.signing_key_length]

    @property
    def custom_claims(self) -> tuple[CustomClaim, ...]:
        """All claims whose values are checked."""
        return self.mandatory_custom_claims + self.non_mandatory_custom_claims

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs of key sets, each once."""
        return tuple(dict.fromkeys(listed(self.jwks_url)))

    @property
    def audiences(self) -> tuple[str, ...]:
        """The audiences that are accepted."""
        return tuple(listed(self.supported_audiences))


def _reads_claim(source: str, name: str) -> bool:
    """Whether the expression is nothing but that claim."""
    text = "".join(source.split()).replace('"', "'")
    return text in (f"#[vars.claimSet.{name}]", f"#[vars.claimSet['{name}']]")


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
    if given.get("skipClientIdValidation") is True:
        yield "clientIdExpression"
    if not given.get("validateAudClaim"):
        yield from ("mandatoryAudClaim", "supportedAudiences")
    if not given.get("validateCustomClaim"):
        yield from ("mandatoryCustomClaims", "nonMandatoryCustomClaims")
