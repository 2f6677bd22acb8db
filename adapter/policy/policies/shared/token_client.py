# mypyc: compiled
"""Who calls, by the claims of a verified token."""

from collections.abc import Callable
from typing import NamedTuple

from adapter.policy.evaluation import Evaluation
from adapter.policy.expression import Failed, compile_expression
from adapter.policy.policies.shared.bearer import TOKEN_CHALLENGE, token_invalid
from adapter.policy.policies.shared.credentials import contract_of
from adapter.policy.policies.shared.header_values import is_fit_for_a_header
from adapter.policy.verdicts import Deny, Identity


class TokenClient(NamedTuple):
    """Finds out who calls; `evaluation.claims` are the token's. None: the token does not say."""

    find: Callable[[Evaluation], Identity | Deny | None]
    inspects_path: bool = False
    inspects_method: bool = False


def _user_name(evaluation: Evaluation) -> str:
    """The claim `sub` (RFC 7519, 4.1.2), if it can be a header's value; otherwise empty."""
    subject = evaluation.claims.get("sub")
    if not isinstance(subject, str) or subject != subject.strip():
        return ""
    if subject.isascii() and subject.isprintable():
        return subject  # Usual, and faster than the search for characters that do not fit.
    return subject if is_fit_for_a_header(subject) else ""


def _user_of(evaluation: Evaluation) -> Identity | None:
    user = _user_name(evaluation)
    return evaluation.identity_of_user(user) if user else None


USER_ONLY = TokenClient(_user_of)
"""For policies that do not validate the client id."""


def client_with_contract(id_source: str) -> TokenClient:
    """The client application whose id an expression finds in the claims. It needs a contract."""
    expression = compile_expression(id_source)
    client_id_of = expression.text

    def find(evaluation: Evaluation) -> Identity | Deny:
        client_id = client_id_of(evaluation)
        if isinstance(client_id, Failed):
            return token_invalid(f"clientIdExpression failed: {client_id.why}")
        if not client_id:
            return token_invalid("the token has no client id")
        known = evaluation.identity
        if known is not None and known.client_id not in {"", client_id}:
            return TOKEN_CHALLENGE.other_client
        contract = contract_of(evaluation, client_id, None, TOKEN_CHALLENGE)
        if isinstance(contract, Deny):
            return contract
        return evaluation.identity_under(contract, _user_name(evaluation))

    return TokenClient(find, expression.inspects_path, expression.inspects_method)
