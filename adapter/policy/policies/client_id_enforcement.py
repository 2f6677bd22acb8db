"""client-id-enforcement: allows only client applications with an approved contract."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import Field, model_validator

from adapter.errors import PolicyFault
from adapter.policy.policies.shared.configuration import (
    Configuration,
    Pattern,
    read_configuration,
    without,
)
from adapter.policy.policies.shared.configuration_faults import refuse
from adapter.policy.policies.shared.credentials import (
    BASIC_CREDENTIALS,
    DEFAULT_CLIENT_ID,
    CredentialSource,
    credentials_by_expression,
    identifying,
    secret_warnings,
)
from adapter.policy.policies.shared.request_expression import CredentialExpression
from adapter.policy.rule import Rule

_ORIGIN: Final = "credentialsOriginHasHttpBasicAuthenticationHeader"
_BASIC: Final = "httpBasicAuthenticationHeader"

HeaderName = Annotated[
    str, Pattern(r"[A-Za-z0-9!#$%&*+.^_`|~-]*", "must be the name of a header, such as client_id")
]


class ClientIdEnforcement(Configuration):
    """Allows only client applications with an approved contract."""

    only_if = MappingProxyType(
        dict.fromkeys(
            ("clientIdExpression", "clientSecretExpression", "idHeader", "secretHeader"),
            f"{_ORIGIN} is customExpression",
        )
    )

    credentials_origin_has_http_basic_authentication_header: Literal[
        "customExpression", "httpBasicAuthenticationHeader"
    ] = "customExpression"
    """Where the credentials are: where the two expressions say, or in the header of HTTP basic
    authentication, which needs no expressions."""
    client_id_expression: Annotated[CredentialExpression, Field(examples=[DEFAULT_CLIENT_ID])] = ""
    """Where the client ID is. Empty: in the header `client_id`."""
    client_secret_expression: Annotated[
        CredentialExpression, Field(examples=["#[attributes.headers['client_secret']]"])
    ] = ""
    """Where the client secret is. Empty: no secret is checked, and a client ID alone is enough."""
    id_header: Annotated[HeaderName, Field(examples=["client_id"])] = ""
    """The header with the client ID, in place of an expression: the name that Anypoint Service Mesh
    used."""
    secret_header: Annotated[HeaderName, Field(examples=["client_secret"])] = ""
    """The header with the client secret, in place of an expression. Empty: no secret is checked."""

    @classmethod
    def used(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Configuration.used`."""
        if given.get(_ORIGIN) != _BASIC:
            return given
        return without(
            given, "clientIdExpression", "clientSecretExpression", "idHeader", "secretHeader"
        )

    @model_validator(mode="after")
    def _one_place(self) -> "ClientIdEnforcement":
        if self.secret_header and not self.id_header:
            refuse([PolicyFault("secretHeader", "needs idHeader: set both, or neither")])
        if self.id_header and (self.client_id_expression or self.client_secret_expression):
            why = "cannot be set together with expressions: remove it, or remove the expressions"
            refuse([PolicyFault("idHeader", why)])
        return self

    @property
    def source(self) -> CredentialSource:
        """Where the policy reads credentials."""
        if self._is_basic:
            return BASIC_CREDENTIALS
        return credentials_by_expression(*self._expressions)

    @property
    def warnings(self) -> tuple[str, ...]:
        """See `Rule.warnings`."""
        return () if self._is_basic else secret_warnings(*self._expressions)

    @property
    def _is_basic(self) -> bool:
        return self.credentials_origin_has_http_basic_authentication_header == _BASIC

    @property
    def _expressions(self) -> tuple[str, str]:
        """Where the id and the secret are."""
        if self.id_header:
            return _header(self.id_header), self.secret_header and _header(self.secret_header)
        return self.client_id_expression or DEFAULT_CLIENT_ID, self.client_secret_expression


def _header(name: str) -> str:
    return f"#[attributes.headers['{name}']]"


def compile_client_id_enforcement(given: Mapping[str, Any]) -> Rule:
    """Compile the policy; raises PolicyError."""
    configuration = read_configuration(ClientIdEnforcement, given)
    source = configuration.source
    return Rule(
        identifying(source),
        source.inspects_path,
        inspects_method=source.inspects_method,
        warnings=configuration.warnings,
    )
