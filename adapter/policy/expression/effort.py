# mypyc: compiled
"""Limits the cost of all expressions of one request."""

from typing import Final

from adapter.policy.evaluation import Evaluation
from adapter.policy.expression.values import EvaluationFault, Value

MAX_EFFORT: Final = 300_000
"""Steps for all expressions of one request together; a step takes at most about a nanosecond."""

ITEM_STEPS: Final = 128
"""Steps for each item of an array."""

_FREE_STEPS: Final = 2_048
"""Operations with at most this many steps are not counted."""


def spend(evaluation: Evaluation, steps: int) -> None:
    """Count steps; raises EvaluationFault when the request has used up its steps."""
    evaluation.effort += steps
    if evaluation.effort > MAX_EFFORT:
        raise EvaluationFault("the request is too large: its expressions would take too long")


def spend_on(evaluation: Evaluation, value: Value, char_steps: int) -> None:
    """Count the steps to process a value."""
    steps = 0
    if isinstance(value, str):
        steps = len(value) * char_steps
    elif isinstance(value, tuple):
        steps = len(value) * ITEM_STEPS
    if steps > _FREE_STEPS:
        spend(evaluation, steps)
