"""From tokens to closures, by precedence climbing.

The order of operators is that of the vendor's page "Precedence in DataWeave". The page leaves out
`++` and most functions between two operands, and contradicts others on `not`; where the reading
would depend on that, the parser wants parentheses rather than to guess.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from adapter.errors import ExpressionError
from adapter.policy.expression import functions, nodes, selectors
from adapter.policy.expression.lexer import Token, tokenize, unsupported, unsupported_name
from adapter.policy.expression.nodes import MAX_DEPTH, Node

_MAX_INDEX_DIGITS: Final = 4

Combine = Callable[[Node, Node], Node]


def _comparison(symbol: str) -> Combine:
    return partial(nodes.applied_to_both, functions.COMPARISONS[symbol], operator=symbol)


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
"""Operators whose order is documented: the higher number binds tighter."""

_TIGHTER_THAN_ELSE: Final = frozenset(_DOCUMENTED) - {"default"}

_OPERATORS: Final[Mapping[str, tuple[int, Combine]]] = MappingProxyType(
    {
        **_DOCUMENTED,
        "++": (6, partial(nodes.applied_to_both, functions.concatenated, operator="++")),
        **{
            name: (6, partial(nodes.applied_to_both, function, operator=name))
            for name, function in functions.BINARY.items()
        },
    }
)

_LOOSEST: Final = 0
_TIGHTER_THAN_ALL: Final = 7

_KEYWORDS: Final = frozenset({"and", "or", "not", "default", "else", *functions.BINARY})
"""Names that begin an operand only where a parenthesis follows."""


def parse(source: str) -> Node:
    """Compile an expression, `#[` and `]` included; raises ExpressionError."""
    parser = _Parser(tokenize(source))
    node = parser.expression()
    parser.expect_end()
    return node


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._nesting = 0

    def expression(self, least: int = _LOOSEST) -> Node:
        """An expression whose operators bind at least that tightly."""
        self._nesting += 1
        if self._nesting > MAX_DEPTH:
            raise self._too_deep()
        left = self._operand()
        while (operator := self._peek().text) in _OPERATORS and self._peek().kind != "string":
            binding, combine = _OPERATORS[operator]
            if binding < least:
                break
            token = self._advance()
            right = self.expression(binding + 1)
            _refuse_mixture(token, left, right)
            left = self._bounded(combine(left, right))
        self._nesting -= 1
        return left

    def expect_end(self) -> None:
        if self._peek().kind != "end":
            raise unsupported(f"unexpected {self._peek().shown}", self._peek().position)

    def _operand(self) -> Node:
        token = self._advance()
        if token.kind == "name" and token.text == "if":
            return self._conditional(token)
        if token.kind == "name" and token.text == "not":
            return self._bounded(nodes.negated(self.expression(_TIGHTER_THAN_ALL)))
        return self._indexed(self._primary(token))

    def _conditional(self, start: Token) -> Node:
        self._expect("(")
        condition = self.expression()
        self._expect(")")
        then = self.expression()
        self._expect("else")
        otherwise = self.expression()
        if otherwise.operator not in ("", "if", *_TIGHTER_THAN_ELSE):
            raise _ambiguous("else", otherwise.operator, start.position)
        return self._bounded(nodes.chosen(condition, then, otherwise))

    def _primary(self, token: Token) -> Node:
        if token.kind == "string":
            return nodes.constant(token.text)
        if token.kind == "number":
            return nodes.constant(_number(token))
        if token.text == "(":
            inner = self.expression()
            self._expect(")")
            return inner.in_parentheses
        if token.text == "[":
            return self._bounded(nodes.array(self._arguments("]")))
        if token.kind == "name" and (token.text not in _KEYWORDS or self._peek().text == "("):
            return self._named(token)
        raise unsupported(f"unexpected {token.shown}", token.position)

    def _named(self, token: Token) -> Node:
        if token.text in ("true", "false"):
            return nodes.constant(token.text == "true")
        if token.text == "attributes":
            return self._attribute(token)
        if token.text == "authentication":
            return self._authentication()
        if token.text == "vars":
            return self._claim()
        return self._call(token)

    def _attribute(self, token: Token) -> Node:
        name = self._selector()
        if name == "headers":
            header = self._selector()
            return Node(
                selectors.header_reader(header), headers=frozenset({header.lower()}), is_header=True
            )
        if name == "queryParams":
            return Node(selectors.query_parameter_reader(self._selector()))
        if name not in selectors.ATTRIBUTES:
            raise unsupported(f"unsupported attributes.{name}", token.position)
        return Node(
            selectors.ATTRIBUTES[name],
            inspects_path=name in selectors.PATH_ATTRIBUTES,
            inspects_method=name in selectors.METHOD_ATTRIBUTES,
        )

    def _authentication(self) -> Node:
        position = self._peek().position
        name = self._selector()
        if name not in selectors.AUTHENTICATION:
            raise unsupported(f"unsupported authentication.{name}", position)
        return Node(selectors.AUTHENTICATION[name])

    def _claim(self) -> Node:
        position = self._peek().position
        variable = self._selector()
        if variable != "claimSet":
            raise unsupported(f"unsupported vars.{variable}", position)
        return Node(selectors.claim_reader(self._selector()))

    def _selector(self) -> str:
        """The name in `.name`, `."name"` or `['name']`."""
        token = self._advance()
        if token.text == "." and token.kind == "operator":
            name = self._advance()
            if name.kind in ("name", "string"):
                return name.text
        elif token.text == "[" and token.kind == "operator":
            name = self._advance()
            if name.kind == "string":
                self._expect("]")
                return name.text
        raise unsupported("expected .name or ['name']", token.position)

    def _indexed(self, node: Node) -> Node:
        while self._peek().text == "[" and self._peek().kind == "operator":
            start = self._advance()
            token = self._advance()
            is_index = token.kind == "number" and token.text.isdecimal()
            if not is_index or len(token.text) > _MAX_INDEX_DIGITS:
                raise unsupported("expected a number from 0 to 9999 in [...]", start.position)
            self._expect("]")
            node = self._bounded(nodes.item_of(node, int(token.text)))
        return node

    def _call(self, token: Token) -> Node:
        name = token.text.removeprefix("dw::core::Strings::").removeprefix("dw::Core::")
        if name not in functions.UNARY and name not in functions.BINARY:
            raise unsupported_name(token)
        self._expect("(")
        arguments = self._arguments(")")
        wanted = 1 if name in functions.UNARY else 2
        if len(arguments) != wanted:
            raise unsupported(f"{name} takes {wanted} argument(s)", token.position)
        if wanted == 1:
            return self._bounded(nodes.applied(functions.UNARY[name], arguments[0]))
        first, second = arguments
        return self._bounded(nodes.applied_to_both(functions.BINARY[name], first, second))

    def _arguments(self, closing: str) -> list[Node]:
        if self._peek().text == closing and self._peek().kind == "operator":
            self._advance()
            return []
        arguments = [self.expression()]
        while self._peek().text == "," and self._peek().kind == "operator":
            self._advance()
            arguments.append(self.expression())
        self._expect(closing)
        return arguments

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _advance(self) -> Token:
        token = self._tokens[self._next]
        if token.kind != "end":
            self._next += 1
        return token

    def _expect(self, text: str) -> None:
        token = self._advance()
        if token.text != text or token.kind not in ("operator", "name"):
            raise unsupported(f"expected {text!r}", token.position)

    def _bounded(self, node: Node) -> Node:
        if node.depth > MAX_DEPTH:
            raise self._too_deep()
        return node

    def _too_deep(self) -> ExpressionError:
        return ExpressionError(f"the expression is nested deeper than {MAX_DEPTH} levels")


def _number(token: Token) -> float:
    number = float(token.text)
    if number == float("inf"):
        raise unsupported("a number too large", token.position)
    return number


def _refuse_mixture(token: Token, left: Node, right: Node) -> None:
    """Raise ExpressionError where the documentation does not say what binds tighter."""
    for inner in (left.operator, right.operator):
        settled = inner in _DOCUMENTED and token.text in _DOCUMENTED
        if inner not in ("", token.text) and not settled:
            raise _ambiguous(token.text, inner, token.position)


def _ambiguous(outer: str, inner: str, position: int) -> ExpressionError:
    return ExpressionError(
        f"{outer!r} next to {inner!r} at position {position + 1} of the expression can be read in "
        "two ways; put parentheses around the part that belongs together"
    )
