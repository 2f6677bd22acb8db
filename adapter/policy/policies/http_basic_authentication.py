"""http-basic-authentication: allows the one user whose name and password an admin configured."""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any, Final

from pydantic import Field, SecretStr, model_validator

from adapter.errors import PolicyFault
from adapter.policy.effects.effect import Verdict
from adapter.policy.evaluation import Evaluation
from adapter.policy.policies.shared.basic_authentication import (
    CONTROL_CHARACTERS,
    MALFORMED,
    MALFORMED_USER,
    NO_COLON,
    USER_MISSING,
    basic_octets,
    invalid_user,
)
from adapter.policy.policies.shared.configuration import (
    Configuration,
    Pattern,
    read_configuration,
)
from adapter.policy.policies.shared.configuration_faults import refuse
from adapter.policy.policies.shared.header_values import is_fit_for_a_header
from adapter.policy.rule import Rule
from adapter.policy.verdicts import Identity

_WRONG: Final = invalid_user("wrong user name or password")


class HttpBasicAuthentication(Configuration):
    """Allows one user, with the configured name and password."""

    username: Annotated[str, Field(min_length=1, examples=["partner"]), Pattern("[^:]*", NO_COLON)]
    """The user name. It has no colon, because a colon ends it (RFC 7617, 2)."""
    password: Annotated[SecretStr, Field(min_length=1)]
    """The password."""

    @model_validator(mode="after")
    def _can_be_sent(self) -> "HttpBasicAuthentication":
        password = self.password.get_secret_value()
        refuse(
            PolicyFault(name, CONTROL_CHARACTERS)
            for name, value in (("username", self.username), ("password", password))
            if not is_fit_for_a_header(value)
        )
        return self


def compile_http_basic_authentication(given: Mapping[str, Any]) -> Rule:
    """Compile the policy; raises PolicyError."""
    user = read_configuration(HttpBasicAuthentication, given)
    name = user.username
    nobody_else = Identity("", principal=name)
    in_utf_8, in_latin_1 = _digests(f"{name}:{user.password.get_secret_value()}")

    def evaluate(evaluation: Evaluation) -> Verdict:
        octets = basic_octets(evaluation)
        if octets is None:
            return USER_MISSING
        if octets == MALFORMED:
            return MALFORMED_USER
        sent = sha256(octets).digest()
        # Both comparisons always take place and take equally long, whatever the client sent.
        matches = hmac.compare_digest(sent, in_utf_8) | hmac.compare_digest(sent, in_latin_1)
        if not matches:
            return _WRONG
        return evaluation.identity_of_user(name) if evaluation.identity else nobody_else

    return Rule(evaluate)


def _digests(pair: str) -> tuple[bytes, bytes]:
    """Digests of the pair in UTF-8, and in Latin-1 where it has only characters of Latin-1.

    Digests, because they have one length, and the password need not stay in memory.
    """
    in_utf_8 = sha256(pair.encode()).digest()
    try:
        return in_utf_8, sha256(pair.encode("latin-1")).digest()
    except UnicodeEncodeError:
        return in_utf_8, in_utf_8
