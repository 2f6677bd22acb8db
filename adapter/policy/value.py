# mypyc: compiled
"""Immutable values whose constructors are compiled."""

from typing import Any

from mypy_extensions import mypyc_attr


@mypyc_attr(acyclic=True)
class Value:
    """Base class of values that compare by what they hold and never change (`Final` attributes).

    Use it for what every Check creates or a catalog has a million of. Elsewhere use a NamedTuple or
    a frozen dataclass: their constructors are interpreted even in a compiled module, and cost as
    much as a whole policy.
    """

    __slots__ = ()

    def held(self) -> tuple[Any, ...]:
        """Everything that it holds, in the order of the constructor's arguments."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.held() == self.held()

    def __hash__(self) -> int:
        return hash(self.held())

    def __repr__(self) -> str:
        return f"{type(self).__name__}{self.held()!r}"
