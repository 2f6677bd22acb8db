# mypyc: compiled
"""An awaitable that does nothing before it is awaited."""

from collections.abc import Callable, Coroutine, Generator
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")


class Deferred(Generic[T]):
    """Calls an async function when it is awaited.

    Return it instead of a coroutine where the caller may drop it: Envoy may cancel a Check before
    any of it ran, and Python warns about a coroutine that was never awaited.

    def charge(self, amount: int) -> Awaitable[int]:
        return Deferred(partial(self._charge, amount))
    """

    def __init__(self, begin: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._begin: Final = begin

    def __await__(self) -> Generator[Any, None, T]:
        """Call the function, and await what it returns."""
        return self._begin().__await__()
