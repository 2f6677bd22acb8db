"""client-id-enforcement: allows only client applications with an approved contract."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import StringConstraints, model_validator

from adapter.policy.policies.shared.configuration import Configuration, read_configuration, without
from adapter.policy.policies.shared.credentials import (
    BASIC_CREDENTIALS,
    DEFAULT_CLIENT_ID,
    CredentialExpression,
    CredentialSource,
    credentials_by_expression,
    identifying,
)
from adapter.policy.rule import Rule

_ORIGIN: Final = "credentialsOriginHasHttpBasicAuthenticationHeader"
_BASIC: Final = "httpBasicAuthenticationHeader"

HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&*+.^_`|~-]*$")]


class ClientIdEnforcement(Configuration):
    """Where the credentials are. `idHeader` and `secretHeader` are the service mesh's names."""

    credentials_origin_has_http_basic_authentication_header: Literal[
        "customExpression", "httpBasicAuthenticationHeader"
    ] = "customExpression"
    client_id_expression: CredentialExpression = ""
    client_secret_expression: CredentialExpression = ""
    id_header: HeaderName = ""
    secret_header: HeaderName = ""

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
            raise ValueError("secretHeader needs idHeader")
        if self.id_header and (self.client_id_expression or self.client_secret_expression):
            raise ValueError("set either idHeader or clientIdExpression, not both")
        return self

    @property
    def source(self) -> CredentialSource:
        """Where the policy reads credentials."""
        if self.credentials_origin_has_http_basic_authentication_header != "customExpression":
            return BASIC_CREDENTIALS
        if self.id_header:
            return credentials_by_expression(
                _header(self.id_header), _header(self.secret_header) if self.secret_header else ""
            )
        return credentials_by_expression(
            self.client_id_expression or DEFAULT_CLIENT_ID, self.client_secret_expression
        )


def _header(name: str) -> str:
    return f"#[attributes.headers['{name}']]"


def compile_client_id_enforcement(given: Mapping[str, Any]) -> Rule:
    """Compile the policy; raises PolicyError."""
    source = read_configuration(ClientIdEnforcement, given).source
    return Rule(identifying(source), source.inspects_path, inspects_method=source.inspects_method)
