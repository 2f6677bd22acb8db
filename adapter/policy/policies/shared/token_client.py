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


def _user_of(evaluation: Evaluation) -> Identity | None:
    """The user that the claim `sub` names (RFC 7519, 4.1.2), if it can be a header's value."""
    subject = evaluation.claims.get("sub")
    if not isinstance(subject, str) or subject != subject.strip() or not subject:
        return None
    return evaluation.identity_of_user(subject) if is_fit_for_a_header(subject) else None


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
        identity = evaluation.identity_under(contract)
        user = _user_of(evaluation)
        return identity if user is None else identity.with_principal(user.principal)

    return TokenClient(find, expression.inspects_path, expression.inspects_method)
