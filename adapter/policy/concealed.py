"""Text that must not appear in logs and debuggers."""


class Concealed(str):
    """A secret. Its repr does not show it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'**********'"
