# mypyc: compiled
"""Bounds what expressions may do with the texts and arrays of one request."""

from typing import Final

from adapter.policy.evaluation import Evaluation
from adapter.policy.expression.values import EvaluationFault, Value

MAX_EFFORT: Final = 300_000
"""Steps for all expressions of one request together; a step takes at most about a nanosecond."""

ITEM_STEPS: Final = 128
"""Steps for each item of an array."""

_FREE_STEPS: Final = 2_048
"""What costs no more than so many is not counted."""


def spend(evaluation: Evaluation, steps: int) -> None:
    """Count steps; raise EvaluationFault when the request has used up its share."""
    evaluation.effort += steps
    if evaluation.effort > MAX_EFFORT:
        raise EvaluationFault("the request is too large for what its expressions do with it")


def spend_on(evaluation: Evaluation, value: Value, char_steps: int) -> None:
    """Count what it takes to go through a value."""
    steps = 0
    if isinstance(value, str):
        steps = len(value) * char_steps
    elif isinstance(value, tuple):
        steps = len(value) * ITEM_STEPS
    if steps > _FREE_STEPS:
        spend(evaluation, steps)
