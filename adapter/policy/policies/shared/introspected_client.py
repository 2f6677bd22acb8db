"""Who calls, by what an identity provider says about a token."""

from collections.abc import Mapping
from typing import Any, Final

from adapter.policy.evaluation import Evaluation
from adapter.policy.policies.shared.credentials import Challenge, contract_of
from adapter.policy.policies.shared.header_values import is_fit_for_a_header
from adapter.policy.verdicts import Deny, Identity

_CHALLENGE: Final = Challenge('Bearer error="invalid_token"', status=403)


def client_of(evaluation: Evaluation, claims: Mapping[str, Any], field: str) -> Identity | Deny:
    """The client application whose id is in that field. It needs a contract."""
    client_id = claims.get(field)
    if not isinstance(client_id, str) or not client_id:
        return _CHALLENGE.invalid(f"the provider's answer has no {field}")
    known = evaluation.identity
    if known is not None and known.client_id not in {"", client_id}:
        return _CHALLENGE.other_client
    contract = contract_of(evaluation, client_id, None, _CHALLENGE)
    if isinstance(contract, Deny):
        return contract
    return evaluation.identity_under(contract, user_of(claims))


def user_of(claims: Mapping[str, Any]) -> str:
    """The user (RFC 7662, section 2.2), if the name can be a header's value; else empty."""
    for field in ("sub", "username"):
        name = claims.get(field)
        if isinstance(name, str) and name and name == name.strip() and is_fit_for_a_header(name):
            return name
    return ""
