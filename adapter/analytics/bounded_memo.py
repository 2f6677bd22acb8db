"""What is made of the same things again and again, made once."""

from collections.abc import Callable
from typing import TypeVar

Key = TypeVar("Key")
Made = TypeVar("Made")


class Remembered(dict[Key, Made]):
    """What `make` makes of each key that is looked up; with more than `most` it starts anew.

    `functools.lru_cache` knows which was used last, and takes three times as long for it.
    """

    def __init__(self, make: Callable[[Key], Made], most: int) -> None:
        super().__init__()
        self._make = make
        self._most = most

    def __missing__(self, key: Key) -> Made:
        """Make it; raises what that raises."""
        made = self._make(key)
        if len(self) >= self._most:
            self.clear()
        self[key] = made
        return made
