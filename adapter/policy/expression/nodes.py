"""Pieces of a compiled expression and how they combine."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from adapter.policy.evaluation import Evaluation
from adapter.policy.expression.functions import Binary, Unary
from adapter.policy.expression.selectors import Reader
from adapter.policy.expression.values import EvaluationFault, Value, type_name

MAX_DEPTH: Final = 32
"""Closures within closures: far below Python's own limit, far above any policy seen."""


class Node(NamedTuple):
    """A compiled piece; `read` may raise EvaluationFault."""

    read: Reader
    operator: str = ""
    """The operator that stands outermost, unless in parentheses."""
    depth: int = 1
    headers: frozenset[str] = frozenset()
    """Lower-case names of the request headers it reads."""
    inspects_path: bool = False
    inspects_method: bool = False
    is_header: bool = False
    """Whether it is nothing but a header, which is text, or null, and cannot fail."""

    @property
    def in_parentheses(self) -> "Node":
        """The same piece where its operator no longer shows."""
        return self._replace(operator="")


def combined(read: Reader, operands: Sequence[Node], operator: str = "") -> Node:
    """A piece made of others."""
    return Node(
        read,
        operator,
        1 + max((o.depth for o in operands), default=0),
        frozenset().union(*(o.headers for o in operands)),
        any(o.inspects_path for o in operands),
        any(o.inspects_method for o in operands),
    )


def constant(value: Value) -> Node:
    """A literal."""
    return Node(lambda _: value)


def array(items: Sequence[Node]) -> Node:
    """An array literal."""
    readers = tuple(item.read for item in items)
    return combined(lambda e: tuple(read(e) for read in readers), items)


def applied(function: Unary, operand: Node) -> Node:
    """A function of one argument."""
    read = operand.read
    return combined(lambda e: function(read(e)), [operand])


def applied_to_both(function: Binary, left: Node, right: Node, operator: str = "") -> Node:
    """A function or operator of two arguments."""
    first, second = left.read, right.read
    return combined(lambda e: function(first(e), second(e)), [left, right], operator)


def defaulted(left: Node, right: Node) -> Node:
    """The left value unless it is null."""
    first, second = left.read, right.read

    def read(evaluation: Evaluation) -> Value:
        value = first(evaluation)
        return second(evaluation) if value is None else value

    return combined(read, [left, right], "default")


def both(left: Node, right: Node) -> Node:
    """`and`; the right side is only asked when it matters."""
    first, second = _truth("and", left), _truth("and", right)
    return combined(lambda e: first(e) and second(e), [left, right], "and")


def either(left: Node, right: Node) -> Node:
    """`or`; the right side is only asked when it matters."""
    first, second = _truth("or", left), _truth("or", right)
    return combined(lambda e: first(e) or second(e), [left, right], "or")


def negated(operand: Node) -> Node:
    """`not`."""
    truth = _truth("not", operand)
    return combined(lambda e: not truth(e), [operand], "not")


def chosen(condition: Node, then: Node, otherwise: Node) -> Node:
    """`if (condition) then else otherwise`."""
    truth, first, second = _truth("if", condition), then.read, otherwise.read
    return combined(
        lambda e: first(e) if truth(e) else second(e), [condition, then, otherwise], "if"
    )


def item_of(operand: Node, index: int) -> Node:
    """`x[index]` of an array or text; null where there is none."""
    whole = operand.read

    def read(evaluation: Evaluation) -> Value:
        value = whole(evaluation)
        if value is None:
            return None
        if not isinstance(value, str | tuple):
            raise EvaluationFault(f"[{index}] does not take {type_name(value)}")
        return value[index] if index < len(value) else None

    return combined(read, [operand])


def _truth(operator: str, operand: Node) -> Callable[[Evaluation], bool]:
    whole = operand.read

    def read(evaluation: Evaluation) -> bool:
        value = whole(evaluation)
        if not isinstance(value, bool):
            raise EvaluationFault(f"{operator} does not take {type_name(value)}")
        return value

    return read
