# mypyc: compiled
"""Claims of a verified token as request headers for the upstream."""

from collections.abc import Iterable
from typing import TypeAlias

from adapter.policy.evaluation import Evaluation
from adapter.policy.expression.values import EvaluationFault, from_json, to_text
from adapter.policy.policies.shared.header_values import is_fit_for_a_header
from adapter.policy.verdicts import Header

ClaimAndHeader: TypeAlias = tuple[str, str]
"""The names of a claim, and of the header that it becomes."""


def claim_headers(wanted: Iterable[ClaimAndHeader], evaluation: Evaluation) -> tuple[Header, ...]:
    """The headers for the claims that the token has. Raises ValueError if one cannot be a header.

    Texts, numbers and booleans are written as they are, and lists of them with commas between them.
    """
    headers = []
    for name, header in wanted:
        claim = evaluation.claims.get(name)
        if claim is not None:
            headers.append((header, _header_text(name, claim)))
    return tuple(headers)


def _header_text(name: str, claim: object) -> str:
    many = isinstance(claim, list)
    try:
        values = from_json(claim)
        texts = [
            to_text(value) or "" for value in (values if isinstance(values, tuple) else (values,))
        ]
    except EvaluationFault:
        raise ValueError(f"the claim {name} has a value that cannot be a header") from None
    # With a comma inside, the upstream would read one item of a list as two.
    if not all(map(is_fit_for_a_header, texts)) or (many and any("," in text for text in texts)):
        raise ValueError(f"the claim {name} has characters that cannot be in a header")
    return ",".join(texts)
