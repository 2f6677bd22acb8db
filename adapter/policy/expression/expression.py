# mypyc: compiled
"""A compiled expression of a policy's configuration."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias, TypeVar, cast

from adapter.errors import ExpressionError
from adapter.policy.evaluation import Evaluation
from adapter.policy.expression.parser import parse
from adapter.policy.expression.values import EvaluationFault, Failed, Value, to_text

MAX_SOURCE_CHARS: Final = 4_096

_T = TypeVar("_T")
_Text: TypeAlias = Callable[[Evaluation], str | Failed | None]


@dataclass(frozen=True, slots=True)
class Expression:
    """A function of the evaluation so far. It returns a value or `Failed`, and never raises."""

    evaluate: Callable[[Evaluation], Value | Failed] = field(repr=False)
    text: _Text = field(repr=False)
    """The value as text. Null is None; an array or an object is `Failed`."""
    literal: str | None = field(default=None, repr=False)
    """The text itself, if the source is plain text. It may be a secret."""
    headers: frozenset[str] = frozenset()
    """Lower-case names of the request headers that it reads."""
    inspects_path: bool = False
    inspects_method: bool = False
    is_constant: bool = False
    """Whether it reads nothing of the request, so its value is always the same."""
    may_be_fixed: bool = False
    """Whether its value may be a text that the source contains, such as y in `x default 'y'`."""


def compile_expression(source: str) -> Expression:
    """Compile `#[...]`. Any other text is used literally. Raises ExpressionError."""
    source = source.strip() if source.lstrip().startswith("#[") else source
    if "#[" not in source:
        return Expression(lambda _: source, lambda _: source, literal=source, is_constant=True)
    if not (source.startswith("#[") and source.endswith("]")):
        raise ExpressionError("write either plain text, or one #[...] around the whole expression")
    if len(source) > MAX_SOURCE_CHARS:
        raise ExpressionError(f"the expression is longer than {MAX_SOURCE_CHARS} characters")
    node = parse(source)
    if node.is_header:
        # A fast path: this is the most frequent expression, evaluated several times per request.
        text = cast(_Text, node.read)
        return Expression(node.read, text, headers=node.headers, is_constant=node.is_constant)
    return Expression(
        evaluate=_total(node.read),
        text=_total(lambda e: to_text(node.read(e))),
        headers=node.headers,
        inspects_path=node.inspects_path,
        inspects_method=node.inspects_method,
        is_constant=node.is_constant,
        may_be_fixed=node.may_be_fixed,
    )


def _total(read: Callable[[Evaluation], _T]) -> Callable[[Evaluation], _T | Failed]:
    def evaluate(evaluation: Evaluation) -> _T | Failed:
        try:
            return read(evaluation)
        except EvaluationFault as e:
            return Failed(str(e))

    return evaluate
