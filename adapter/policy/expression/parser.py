"""Compiles tokens to closures, by precedence climbing."""

from decimal import Decimal
from typing import Final

from adapter.errors import ExpressionError
from adapter.policy.expression import nodes
from adapter.policy.expression.functions import FUNCTIONS, INFIX
from adapter.policy.expression.lexer import Token
from adapter.policy.expression.nodes import MAX_DEPTH, Node
from adapter.policy.expression.numbers import number_from_text
from adapter.policy.expression.operators import (
    BINDING,
    LOOSEST,
    OPERATORS,
    TIGHTER_THAN_ALL,
    refuse_loose_else,
    refuse_mixture,
)
from adapter.policy.expression.patterns import matching
from adapter.policy.expression.references import REFERENCES
from adapter.policy.expression.syntax_errors import unsupported, unsupported_name
from adapter.policy.expression.tokens import Tokens
from adapter.policy.expression.values import Value

_MAX_INDEX: Final = 9_999

_LITERALS: Final[dict[str, Value]] = {"true": True, "false": False, "null": None}

_KEYWORDS: Final = frozenset(
    {"and", "or", "not", "default", "else", "with", "replace", "matches", *INFIX}
)
"""Names that start an operand only if a parenthesis follows."""

_STRINGS: Final = "dw::core::Strings::"
_CORE: Final = "dw::Core::"


def parse(source: str) -> Node:
    """Compile an expression, including `#[` and `]`; raises ExpressionError."""
    tokens = Tokens(source)
    node = _Parser(tokens).expression()
    tokens.expect_end()
    return node


class _Parser:
    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._nesting = 0

    def expression(self, least: int = LOOSEST) -> Node:
        """Parse an expression whose operators have at least this precedence."""
        self._nesting += 1
        if self._nesting > MAX_DEPTH:
            raise _too_deep()
        left = self._operand()
        while (token := self._tokens.peek()).kind in ("operator", "name"):
            binding = BINDING.get(token.text)
            if binding is None or binding < least:
                break
            left = _bounded(self._continued(left, self._tokens.advance(), binding + 1))
        self._nesting -= 1
        return left

    def _continued(self, left: Node, token: Token, tighter: int) -> Node:
        """Combine an operator with the operand before it and the one or two after it."""
        if token.text == "matches":
            refuse_mixture(token, left)
            return self._match(left, token.text)
        right = self.expression(tighter)
        if token.text == "replace":
            return self._replacement(token, left, right)
        refuse_mixture(token, left, right)
        return OPERATORS[token.text][1](left, right)

    def _replacement(self, token: Token, left: Node, right: Node) -> Node:
        self._tokens.expect("with")
        new = self.expression(TIGHTER_THAN_ALL)
        refuse_mixture(token, left, right, new)
        return nodes.applied(FUNCTIONS["replace"], [left, right, new], token.text)

    def _match(self, text: Node, operator: str = "") -> Node:
        token = self._tokens.advance()
        if token.kind not in ("pattern", "string"):
            raise unsupported(
                f"unexpected {token.shown}",
                token.position,
                "matches needs a literal pattern, such as /[a-z]+/",
            )
        return nodes.applied(matching(token), [text], operator)

    def _operand(self) -> Node:
        token = self._tokens.advance()
        if token.kind == "name" and token.text == "if":
            return self._conditional(token)
        if token.kind == "name" and token.text == "not":
            return _bounded(nodes.negated(self.expression(TIGHTER_THAN_ALL), "not"))
        if token.kind == "operator" and token.text == "!":
            operand = self._selected(self._primary(self._tokens.advance()))
            return _bounded(nodes.negated(operand))
        return self._selected(self._primary(token))

    def _conditional(self, start: Token) -> Node:
        self._tokens.expect("(")
        condition = self.expression()
        self._tokens.expect(")")
        then = self.expression()
        self._tokens.expect("else")
        otherwise = self.expression()
        refuse_loose_else(otherwise, start.position)
        return _bounded(nodes.chosen(condition, then, otherwise))

    def _primary(self, token: Token) -> Node:
        if token.kind == "string":
            return nodes.constant(token.text)
        if token.kind == "number":
            return nodes.constant(_number(token))
        if token.kind == "operator" and token.text == "(":
            inner = self.expression()
            self._tokens.expect(")")
            return inner.in_parentheses
        if token.kind == "operator" and token.text == "[":
            return _bounded(nodes.array(self._arguments("]")))
        if token.kind == "name" and (token.text not in _KEYWORDS or self._tokens.is_next("(")):
            return self._named(token)
        raise unsupported(f"unexpected {token.shown}", token.position)

    def _named(self, token: Token) -> Node:
        if token.text in _LITERALS:
            return nodes.constant(_LITERALS[token.text])
        if token.text in REFERENCES:
            return REFERENCES[token.text](self._tokens)
        return self._call(token)

    def _selected(self, node: Node) -> Node:
        """Apply the selectors that follow an operand."""
        while self._tokens.is_next("[") or (node.has_members and self._tokens.is_next(".")):
            if node.has_members and self._tokens.peek(1).kind != "number":
                node = _bounded(nodes.member_of(node, self._tokens.selector()))
            else:
                node = _bounded(self._item(node))
        return node

    def _item(self, node: Node) -> Node:
        start = self._tokens.advance()
        token = self._tokens.advance()
        index = _number(token) if token.kind == "number" else None
        if index is None or abs(index) > _MAX_INDEX or index != index.to_integral_value():
            raise unsupported("expected a number from -9999 to 9999 in [...]", start.position)
        self._tokens.expect("]")
        return nodes.item_of(node, int(index))

    def _call(self, token: Token) -> Node:
        name = token.text.removeprefix(_STRINGS).removeprefix(_CORE)
        if name == "matches":
            return self._match_call()
        function = FUNCTIONS.get(name)
        if function is None:
            raise unsupported_name(token.text, token.position)
        self._tokens.expect("(")
        arguments = self._arguments(")")
        wanted = 2 if name == "replace" else function.arity
        if len(arguments) != wanted:
            raise unsupported(
                f"{name} takes {wanted} argument(s), not {len(arguments)},", token.position
            )
        if name == "replace":
            return _bounded(self._replacement(token, *arguments))
        return _bounded(nodes.applied(function, arguments))

    def _match_call(self) -> Node:
        self._tokens.expect("(")
        text = self.expression()
        self._tokens.expect(",")
        node = self._match(text)
        self._tokens.expect(")")
        return _bounded(node)

    def _arguments(self, closing: str) -> list[Node]:
        if self._tokens.accept(closing):
            return []
        arguments = [self.expression()]
        while self._tokens.accept(","):
            arguments.append(self.expression())
        self._tokens.expect(closing)
        return arguments


def _bounded(node: Node) -> Node:
    if node.depth > MAX_DEPTH:
        raise _too_deep()
    return node


def _too_deep() -> ExpressionError:
    return ExpressionError(
        f"the expression is nested deeper than {MAX_DEPTH} levels; split it or make it shorter"
    )


def _number(token: Token) -> Decimal:
    number = number_from_text(token.text)
    if number is None:
        raise unsupported("a number that is too large", token.position, "write fewer digits")
    return number
