# mypyc: compiled
"""Values whose constructors are compiled."""

from typing import Any

from mypy_extensions import mypyc_attr


@mypyc_attr(acyclic=True)
class Value:
    """What holds the same is equal; nothing in it changes, as its types say.

    For what every Check makes, or a catalog has a million of: the constructor of a NamedTuple, or
    of a dataclass, is an interpreted function even in a compiled module, and costs as much as a
    policy.
    """

    __slots__ = ()

    def held(self) -> tuple[Any, ...]:
        """All that it holds, in the constructor's order."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.held() == self.held()

    def __hash__(self) -> int:
        return hash(self.held())

    def __repr__(self) -> str:
        return f"{type(self).__name__}{self.held()!r}"
