"""credential-injection-basic-auth: sends the gateway's own credentials to the upstream."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr, model_validator

from adapter.errors import PolicyFault
from adapter.policy.concealed import Concealed
from adapter.policy.effects.effect import Verdict
from adapter.policy.evaluation import Evaluation
from adapter.policy.policies.shared.basic_authentication import CONTROL_CHARACTERS, NO_COLON
from adapter.policy.policies.shared.configuration import (
    Configuration,
    Pattern,
    read_configuration,
)
from adapter.policy.policies.shared.configuration_faults import refuse
from adapter.policy.policies.shared.header_values import (
    is_fit_for_a_header,
    request_header_name,
)
from adapter.policy.rule import Rule, always
from adapter.policy.verdicts import CONTINUE, Continue


def _name_or_blank(name: str) -> str:
    return name and request_header_name(name)


class CredentialInjectionBasicAuth(Configuration):
    """Sends the gateway's own user name and password to the service."""

    username: Annotated[str, Pattern("[^:]*", NO_COLON), Field(examples=["gateway"])] = ""
    """The user name. It has no colon, because a colon ends it (RFC 7617, 2)."""
    password: SecretStr = SecretStr("")
    """The password."""
    overwrite: bool = True
    """Whether to replace the credentials that a client sends in the same header."""
    custom_header: Annotated[
        str, AfterValidator(_name_or_blank), Field(examples=["x-credentials"])
    ] = ""
    """The header that carries the credentials. Empty: `authorization`."""

    @model_validator(mode="after")
    def _fit_for_a_header(self) -> "CredentialInjectionBasicAuth":
        password = self.password.get_secret_value()
        if not (self.username or password):
            refuse([PolicyFault("username", "and password are both empty: set at least one")])
        refuse(
            PolicyFault(name, CONTROL_CHARACTERS)
            for name, value in (("username", self.username), ("password", password))
            if not is_fit_for_a_header(value)
        )
        return self


def compile_credential_injection_basic_auth(given: Mapping[str, Any]) -> Rule:
    """Compile the policy; raises PolicyError."""
    configuration = read_configuration(CredentialInjectionBasicAuth, given)
    name = configuration.custom_header or "authorization"
    pair = f"{configuration.username}:{configuration.password.get_secret_value()}"
    value = Concealed(f"Basic {b64encode(pair.encode()).decode()}")
    injected = Continue(set_headers=((name, value),))

    def unless_present(evaluation: Evaluation) -> Verdict:
        return CONTINUE if evaluation.header(name) is not None else injected

    evaluate = always(injected).evaluate if configuration.overwrite else unless_present
    return Rule(evaluate, set_headers=frozenset({name}))
