# mypyc: compiled
"""What policies require of a token's claims.

A `ClaimCheck` looks at the claims alone, so it runs once for each token. A `RequestCheck` may look
at the request too, so it runs for each request.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from adapter.policy.evaluation import Evaluation
from adapter.policy.expression import Failed, compile_expression
from adapter.policy.expression.values import EvaluationFault, from_json, same, to_text
from adapter.policy.tokens.trust import ClaimCheck

RequestCheck: TypeAlias = Callable[[Evaluation], str | None]
"""Why the claims of the evaluation are not accepted, for operators; None if they are."""

_CLAIMS: Final = "claimSet"
"""How expressions call the claims."""


def required(name: str) -> ClaimCheck:
    """The token must have the claim. Null counts as absent."""

    def check(claims: Mapping[str, Any]) -> str | None:
        return f"the claim {name} is missing" if claims.get(name) is None else None

    return check


def audience_among(audiences: Iterable[str]) -> ClaimCheck:
    """If there is an audience, one of its texts has to be in the list (RFC 7519, 4.1.3)."""
    accepted = frozenset(audiences)

    def check(claims: Mapping[str, Any]) -> str | None:
        given = claims.get("aud")
        if given is None:
            return None
        named = given if isinstance(given, list) else [given]
        if not named or not all(isinstance(audience, str) for audience in named):
            return "the claim aud is not a text, or a list of texts"
        return None if accepted.intersection(named) else "the claim aud names other audiences"

    return check


def written(name: str, text: str) -> ClaimCheck:
    """If the claim is there, it must be this text, or a number or boolean that is written so."""

    def check(claims: Mapping[str, Any]) -> str | None:
        claim = claims.get(name)
        if claim is None:
            return None
        try:
            equal = to_text(from_json(claim)) == text
        except EvaluationFault as e:
            return _not_comparable(name, e)
        return None if equal else _other_value(name)

    return check


def fulfilled(name: str, source: str) -> RequestCheck:
    """If the claim is there, it has to fulfil the expression.

    An expression that reads the claims and returns true or false is the condition itself. Any other
    expression returns the claim's value. An expression that fails refuses the token.
    """
    expression = compile_expression(source)
    is_condition = _CLAIMS in source

    def check(evaluation: Evaluation) -> str | None:
        claim = evaluation.claims.get(name)
        if claim is None:
            return None
        wanted = expression.evaluate(evaluation)
        if isinstance(wanted, Failed):
            return f"the expression for the claim {name} failed: {wanted.why}"
        if is_condition and isinstance(wanted, bool):
            return None if wanted else f"the claim {name} does not fulfil its expression"
        try:
            equal = same(from_json(claim), wanted)
        except EvaluationFault as e:
            return _not_comparable(name, e)
        return None if equal else _other_value(name)

    return check


def _not_comparable(name: str, fault: EvaluationFault) -> str:
    return f"the claim {name} cannot be compared: {fault}"


def _other_value(name: str) -> str:
    return f"the claim {name} has another value"
