"""The scopes of access tokens (RFC 6749, section 3.3)."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator

from adapter.policy.verdicts import Deny, DenyReason

_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


def _valid(text: str) -> str:
    if not all(_SCOPE.fullmatch(scope) for scope in text.split()):
        raise ValueError(
            "must be scopes with spaces between them; a scope has only ASCII characters, and no "
            "quote or backslash"
        )
    return " ".join(dict.fromkeys(text.split()))


Scopes = Annotated[str, AfterValidator(_valid)]
"""Scopes with spaces between them."""

Criteria = Literal["AND", "OR"]
"""Whether a token needs all scopes, or one of them."""


class ScopeCheck:
    """Requires scopes. Without any scope, it requires nothing."""

    def __init__(self, scopes: Scopes, criteria: Criteria) -> None:
        self._required = frozenset(scopes.split())
        self._all = criteria == "AND"
        self._denial = Deny(
            DenyReason.SCOPE_MISSING,
            403,
            "The token does not have the required scopes",
            f"scopes {criteria}: {scopes}",
            (("www-authenticate", f'Bearer error="insufficient_scope", scope="{scopes}"'),),
        )

    def objection(self, claims: Mapping[str, Any]) -> Deny | None:
        """The denial if the claims lack scopes (RFC 6750, section 3.1)."""
        if not self._required:
            return None
        granted = _granted(claims.get("scope"))
        if self._all:
            return None if self._required <= granted else self._denial
        return self._denial if self._required.isdisjoint(granted) else None


def _granted(scope: object) -> frozenset[str]:
    """The scopes of a token. Some providers send a list instead of one text."""
    if isinstance(scope, str):
        return frozenset(scope.split(" "))
    if isinstance(scope, list) and all(isinstance(each, str) for each in scope):
        return frozenset(scope)
    return frozenset()
