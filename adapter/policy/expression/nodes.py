# mypyc: compiled
"""The nodes of a compiled expression, and how they are combined."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from adapter.policy.evaluation import Evaluation
from adapter.policy.expression.comparisons import Comparison, condition, truth
from adapter.policy.expression.effort import spend_on
from adapter.policy.expression.functions import Function
from adapter.policy.expression.selectors import Reader, member_reader
from adapter.policy.expression.values import EvaluationFault, Value, to_text, type_name

MAX_DEPTH: Final = 32
"""Levels of nested closures: far below Python's own limit, far above any policy seen."""


class Node(NamedTuple):
    """A compiled part of an expression. `read` may raise EvaluationFault."""

    read: Reader
    operator: str = ""
    """The outermost operator; empty inside parentheses."""
    depth: int = 1
    headers: frozenset[str] = frozenset()
    """Lower-case names of the request headers it reads."""
    inspects_path: bool = False
    inspects_method: bool = False
    is_header: bool = False
    """Whether it only reads a header. Its value is text or null, and it cannot fail."""
    is_short: bool = False
    """Whether it is a literal, so that comparing costs at most the literal's length."""
    has_members: bool = False
    """Whether it may be an object."""
    is_constant: bool = False
    """Whether it reads nothing of the request."""
    may_be_fixed: bool = False
    """Whether its value may be a text that the expression itself contains. Example: `x default 'y'`
    is y for a request without x."""

    @property
    def in_parentheses(self) -> "Node":
        """The same node in parentheses, which hide its operator."""
        return self._replace(operator="")


def combined(read: Reader, operands: Sequence[Node], operator: str = "") -> Node:
    """A node with these operands."""
    return Node(
        read,
        operator,
        1 + max((o.depth for o in operands), default=0),
        frozenset().union(*(o.headers for o in operands)),
        any(o.inspects_path for o in operands),
        any(o.inspects_method for o in operands),
        is_constant=all(o.is_constant for o in operands),
        may_be_fixed=any(o.may_be_fixed for o in operands)
        and all(o.may_be_fixed or o.is_constant for o in operands),
    )


def constant(value: Value) -> Node:
    """A literal."""
    is_empty = value is None or value == ""
    return Node(lambda _: value, is_short=True, is_constant=True, may_be_fixed=not is_empty)


def array(items: Sequence[Node]) -> Node:
    """An array literal."""
    readers = tuple(item.read for item in items)
    node = combined(lambda e: tuple([read(e) for read in readers]), items)
    return _either_fixed(node, items)


def applied(function: Function, operands: Sequence[Node], operator: str = "") -> Node:
    """A call of a function."""
    if len(operands) == 1:
        read = _of_one(function, operands[0])
    elif len(operands) == 2:
        read = _of_two(function, *operands)
    else:
        read = _of_three(function, *operands)
    return combined(read, operands, operator)


def _of_one(function: Function, operand: Node) -> Reader:
    apply, _, steps = function
    first = operand.read

    def read(evaluation: Evaluation) -> Value:
        value = first(evaluation)
        spend_on(evaluation, value, steps)
        return apply(value)

    return read


def _of_two(function: Function, left: Node, right: Node) -> Reader:
    apply, _, steps = function
    first, second, is_short = left.read, right.read, right.is_short

    def read(evaluation: Evaluation) -> Value:
        one, two = first(evaluation), second(evaluation)
        spend_on(evaluation, one, steps)
        if not is_short:
            spend_on(evaluation, two, steps)
        return apply(one, two)

    return read


def _of_three(function: Function, left: Node, middle: Node, right: Node) -> Reader:
    apply, _, steps = function
    first, second, third = left.read, middle.read, right.read

    def read(evaluation: Evaluation) -> Value:
        one, two, three = first(evaluation), second(evaluation), third(evaluation)
        spend_on(evaluation, one, steps)
        spend_on(evaluation, two, steps)
        spend_on(evaluation, three, steps)
        return apply(one, two, three)

    return read


def compared(compare: Comparison, left: Node, right: Node, operator: str) -> Node:
    """A comparison."""
    first, second = left.read, right.read

    def read(evaluation: Evaluation) -> Value:
        one, other = first(evaluation), second(evaluation)
        spend_on(evaluation, one, 1)
        spend_on(evaluation, other, 1)
        return compare(one, other)

    if left.is_short or right.is_short:
        return combined(lambda e: compare(first(e), second(e)), [left, right], operator)
    return combined(read, [left, right], operator)


def defaulted(left: Node, right: Node) -> Node:
    """The left value unless it is null."""
    first, second = left.read, right.read

    def read(evaluation: Evaluation) -> Value:
        value = first(evaluation)
        return second(evaluation) if value is None else value

    node = combined(read, [left, right], "default")
    node = node._replace(has_members=left.has_members or right.has_members)
    return _either_fixed(node, [left, right])


def both(left: Node, right: Node) -> Node:
    """`and`. The right side is evaluated only if it matters."""
    first, second = _truth("and", left), _truth("and", right)
    return combined(lambda e: first(e) and second(e), [left, right], "and")


def either(left: Node, right: Node) -> Node:
    """`or`. The right side is evaluated only if it matters."""
    first, second = _truth("or", left), _truth("or", right)
    return combined(lambda e: first(e) or second(e), [left, right], "or")


def negated(operand: Node, operator: str = "") -> Node:
    """`not`; or `!` if `operator` is empty, because `!` binds tighter than all others."""
    is_true = _truth(operator or "!", operand)
    return combined(lambda e: not is_true(e), [operand], operator)


def chosen(test: Node, then: Node, otherwise: Node) -> Node:
    """`if (test) then else otherwise`."""
    read, first, second = test.read, then.read, otherwise.read
    node = combined(
        lambda e: first(e) if condition(read(e)) else second(e), [test, then, otherwise], "if"
    )
    return _either_fixed(node, [then, otherwise])


def item_of(operand: Node, index: int) -> Node:
    """`x[index]` of an array or text, from the end if negative; null if there is none."""
    whole = operand.read

    def read(evaluation: Evaluation) -> Value:
        value = whole(evaluation)
        if value is None:
            return None
        if isinstance(value, dict):
            raise EvaluationFault(f"[{index}] cannot read {type_name(value)}")
        items = value if isinstance(value, tuple) else to_text(value) or ""
        return items[index] if -len(items) <= index < len(items) else None

    return combined(read, [operand])._replace(has_members=operand.has_members)


def member_of(operand: Node, name: str) -> Node:
    """`x.name` of an object; null if there is none."""
    return combined(member_reader(operand.read, name), [operand])._replace(has_members=True)


def _either_fixed(node: Node, choices: Sequence[Node]) -> Node:
    """The node, whose value is that of one of the choices."""
    return node._replace(may_be_fixed=any(choice.may_be_fixed for choice in choices))


def _truth(operator: str, operand: Node) -> Callable[[Evaluation], bool]:
    whole = operand.read

    def read(evaluation: Evaluation) -> bool:
        value = whole(evaluation)
        return value if isinstance(value, bool) else truth(operator, value)

    return read
