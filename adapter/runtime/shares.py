# mypyc: compiled
"""A share for each owner of something that there is only so much of."""

from collections.abc import Hashable


class Shares:
    """Places that owners take, each one only while it holds fewer than are free.

    So one owner takes half of all places at most, and leaves the other half to the others; owners
    that together hold less than a quarter are never refused because of one that takes all it can.
    The rule is that of dynamic queue thresholds (Choudhury and Hahne, IEEE/ACM Transactions on
    Networking 6, 1998). It needs no list of the owners and leaves no place unused for long.
    """

    def __init__(self, places: int) -> None:
        self.free = places
        self._held: dict[Hashable, int] = {}

    def take(self, owner: Hashable) -> bool:
        """Take one place; False if that would be more than the owner's share."""
        held = self._held.get(owner, 0)
        if held >= self.free:
            return False
        self._held[owner] = held + 1
        self.free -= 1
        return True

    def room(self, owner: Hashable) -> int:
        """How many places the owner could take now."""
        return max(0, (self.free - self._held.get(owner, 0) + 1) // 2)

    def give_back(self, owner: Hashable) -> None:
        """Let go of one place."""
        held = self._held[owner] - 1
        if held:
            self._held[owner] = held
        else:
            del self._held[owner]
        self.free += 1
