"""Reads the tokens of an expression in order."""

from adapter.policy.expression.lexer import Token, tokenize
from adapter.policy.expression.syntax_errors import unsupported


class Tokens:
    """The tokens and the parser's position."""

    def __init__(self, source: str) -> None:
        self._tokens = tokenize(source)
        self._next = 0

    def peek(self, further: int = 0) -> Token:
        """Return the next token, or a later one, without consuming it."""
        return self._tokens[min(self._next + further, len(self._tokens) - 1)]

    def advance(self) -> Token:
        """Consume the next token; the `end` token is never consumed."""
        token = self._tokens[self._next]
        if token.kind != "end":
            self._next += 1
        return token

    def is_next(self, operator: str) -> bool:
        """Whether this operator comes next (not a text with the same characters)."""
        token = self.peek()
        return token.kind == "operator" and token.text == operator

    def accept(self, operator: str) -> bool:
        """Consume this operator if it comes next."""
        found = self.is_next(operator)
        if found:
            self._next += 1
        return found

    def expect(self, text: str) -> None:
        """Consume this operator or word; raises ExpressionError for anything else."""
        token = self.advance()
        if token.text != text or token.kind not in ("operator", "name"):
            raise unsupported(f"expected {text!r}, not {token.shown},", token.position)

    def expect_end(self) -> None:
        """Raise ExpressionError if anything is left."""
        token = self.peek()
        if token.kind != "end":
            raise unsupported(f"unexpected {token.shown}", token.position)

    def selector(self) -> str:
        """Consume `.name`, `."name"` or `['name']`, and return the name."""
        token = self.advance()
        if token.kind == "operator" and token.text == ".":
            name = self.advance()
            if name.kind in ("name", "string"):
                return name.text
        elif token.kind == "operator" and token.text == "[":
            name = self.advance()
            if name.kind == "string":
                self.expect("]")
                return name.text
        raise unsupported("expected .name or ['name']", token.position)
