"""Binary operators and their precedence.

The precedence is that of the vendor's page "Precedence in DataWeave". The page leaves out `++` and
most functions between two operands, and contradicts other pages about `not`. Where the result
depends on that, the parser asks for parentheses and does not guess.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from adapter.errors import ExpressionError
from adapter.policy.expression import nodes
from adapter.policy.expression.comparisons import COMPARISONS
from adapter.policy.expression.functions import CONCATENATION, FUNCTIONS, INFIX, Function
from adapter.policy.expression.lexer import Token
from adapter.policy.expression.nodes import Node

Combine = Callable[[Node, Node], Node]

LOOSEST: Final = 0
_TIGHT: Final = 6
TIGHTER_THAN_ALL: Final = 7


def _comparison(symbol: str) -> Combine:
    return partial(nodes.compared, COMPARISONS[symbol], operator=symbol)


def _function(function: Function, name: str) -> Combine:
    return lambda left, right: nodes.applied(function, [left, right], name)


_DOCUMENTED: Final[Mapping[str, tuple[int, Combine]]] = MappingProxyType(
    {
        "default": (1, nodes.defaulted),
        "or": (2, nodes.either),
        "and": (3, nodes.both),
        "==": (4, _comparison("==")),
        "!=": (4, _comparison("!=")),
        **{symbol: (5, _comparison(symbol)) for symbol in ("<", ">", "<=", ">=")},
    }
)
"""Operators with a documented precedence. The higher number binds tighter."""

OPERATORS: Final[Mapping[str, tuple[int, Combine]]] = MappingProxyType(
    {
        **_DOCUMENTED,
        "++": (_TIGHT, _function(CONCATENATION, "++")),
        **{name: (_TIGHT, _function(FUNCTIONS[name], name)) for name in sorted(INFIX)},
    }
)

BINDING: Final[Mapping[str, int]] = MappingProxyType(
    {name: binding for name, (binding, _) in OPERATORS.items()}
    | {"replace": _TIGHT, "matches": _TIGHT}
)
"""The precedence of each binary operator, including those with special operands."""

_TIGHTER_THAN_ELSE: Final = frozenset(_DOCUMENTED) - {"default"}


def refuse_mixture(token: Token, *operands: Node) -> None:
    """Raise ExpressionError if the documentation does not say which operator binds tighter."""
    for inner in operands:
        settled = inner.operator in _DOCUMENTED and token.text in _DOCUMENTED
        if inner.operator not in ("", token.text) and not settled:
            raise _ambiguous(token.text, inner.operator, token.position)


def refuse_loose_else(otherwise: Node, position: int) -> None:
    """Raise ExpressionError if it is unclear where the part after `else` ends."""
    if otherwise.operator not in ("", "if", *_TIGHTER_THAN_ELSE):
        raise _ambiguous("else", otherwise.operator, position)


def _ambiguous(outer: str, inner: str, position: int) -> ExpressionError:
    return ExpressionError(
        f"{outer!r} next to {inner!r} at position {position + 1} of the expression can be read in "
        "two ways; put parentheses around the part to evaluate first"
    )
