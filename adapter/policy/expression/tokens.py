"""The tokens of an expression, read one after another."""

from adapter.policy.expression.complaints import unsupported
from adapter.policy.expression.lexer import Token, tokenize


class Tokens:
    """Where the parser is in the expression."""

    def __init__(self, source: str) -> None:
        self._tokens = tokenize(source)
        self._next = 0

    def peek(self, further: int = 0) -> Token:
        """The next token, or one further on; it stays the next."""
        return self._tokens[min(self._next + further, len(self._tokens) - 1)]

    def advance(self) -> Token:
        """The next token; the end is never passed."""
        token = self._tokens[self._next]
        if token.kind != "end":
            self._next += 1
        return token

    def is_next(self, operator: str) -> bool:
        """Whether that operator comes next, and not a text of the same letters."""
        token = self.peek()
        return token.kind == "operator" and token.text == operator

    def accept(self, operator: str) -> bool:
        """Take that operator if it comes next."""
        found = self.is_next(operator)
        if found:
            self._next += 1
        return found

    def expect(self, text: str) -> None:
        """Take that operator or word; raise ExpressionError for anything else."""
        token = self.advance()
        if token.text != text or token.kind not in ("operator", "name"):
            raise unsupported(f"expected {text!r}, not {token.shown},", token.position)

    def expect_end(self) -> None:
        """Raise ExpressionError if anything is left."""
        token = self.peek()
        if token.kind != "end":
            raise unsupported(f"unexpected {token.shown}", token.position)

    def selector(self) -> str:
        """The name in `.name`, `."name"` or `['name']`."""
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
