# mypyc: compiled
"""Bearer tokens in requests (RFC 6750), and the denials of policies that need one."""

from collections.abc import Callable
from typing import Final, NamedTuple

from adapter.policy.evaluation import Evaluation
from adapter.policy.expression import Failed, compile_expression
from adapter.policy.policies.shared.credentials import Challenge
from adapter.policy.verdicts import Deny, DenyReason

BEARER_SCHEME: Final = "bearer "
_INVALID: Final = 'Bearer error="invalid_token"'

TOKEN_CHALLENGE: Final = Challenge(_INVALID)
"""The denials of client applications that a token names."""

TOKEN_MISSING: Final = Deny(
    DenyReason.TOKEN_MISSING,
    400,
    "The request has no token",
    headers=(("www-authenticate", "Bearer"),),
)


def token_invalid(detail: str) -> Deny:
    """The denial of a token. Clients do not see `detail`, so it may say what is wrong."""
    return Deny(
        DenyReason.TOKEN_INVALID,
        401,
        "The token is invalid",
        detail,
        (("www-authenticate", _INVALID),),
    )


class TokenOrigin(NamedTuple):
    """Where a policy finds the token."""

    read: Callable[[Evaluation], str | Deny]
    inspects_path: bool = False
    inspects_method: bool = False


def token_by_scheme(*schemes: str, missing: Deny = TOKEN_MISSING) -> TokenOrigin:
    """The token of the `authorization` header under one of these schemes.

    A scheme is in lower case and ends with a blank. Clients may write it in any case (RFC 9110,
    11.1).
    """

    def read(evaluation: Evaluation) -> str | Deny:
        header = evaluation.header("authorization")
        if header is None:
            return missing
        for scheme in schemes:
            if header[: len(scheme)].lower() == scheme:
                return header[len(scheme) :].strip(" ") or missing
        return missing

    return TokenOrigin(read)


BEARER_HEADER: Final = token_by_scheme(BEARER_SCHEME)


def token_by_expression(source: str) -> TokenOrigin:
    """The token is the value of an expression. A failed expression counts as a missing token."""
    expression = compile_expression(source)
    text = expression.text

    def read(evaluation: Evaluation) -> str | Deny:
        token = text(evaluation)
        if not token or isinstance(token, Failed):
            return TOKEN_MISSING
        return token

    return TokenOrigin(read, expression.inspects_path, expression.inspects_method)
