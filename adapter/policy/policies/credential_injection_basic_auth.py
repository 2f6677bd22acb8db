"""credential-injection-basic-auth: sends the gateway's own credentials to the upstream."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import SecretStr, StringConstraints, model_validator

from adapter.policy.concealed import Concealed
from adapter.policy.effects.effect import Verdict
from adapter.policy.evaluation import Evaluation
from adapter.policy.policies.shared.configuration import Configuration, read_configuration
from adapter.policy.policies.shared.header_values import RequestHeaderName, is_fit_for_a_header
from adapter.policy.rule import Rule, always
from adapter.policy.verdicts import CONTINUE, Continue


class CredentialInjectionBasicAuth(Configuration):
    """The credentials, and the header that carries them."""

    username: Annotated[str, StringConstraints(pattern=r"^[^:]*$")] = ""
    """It has no colon, because a colon ends it (RFC 7617, 2)."""
    password: SecretStr = SecretStr("")
    overwrite: bool = True
    custom_header: RequestHeaderName | Literal[""] = ""
    """Blank: `authorization`."""

    @model_validator(mode="after")
    def _fit_for_a_header(self) -> "CredentialInjectionBasicAuth":
        password = self.password.get_secret_value()
        if not (self.username or password):
            raise ValueError("username and password are both empty: set at least one")
        if not is_fit_for_a_header(self.username + password):
            raise ValueError("username and password cannot have control characters (RFC 7617, 2)")
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
