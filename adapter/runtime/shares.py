# mypyc: compiled
"""Divides a limited number of places among owners."""

from collections.abc import Hashable


class Shares:
    """Places for owners. An owner gets another place only while it holds fewer than are free.

    So one owner takes at most half of all places. Owners that together hold less than a quarter
    always get theirs, even if one other owner takes all it can. The rule is known as dynamic queue
    thresholds (Choudhury and Hahne, IEEE/ACM Transactions on Networking 6, 1998). It needs no list
    of owners, and few places stay unused.

        shares = Shares(4)
        [shares.take("a") for _ in range(4)]  # [True, True, False, False]
        shares.take("b")  # True
    """

    def __init__(self, places: int) -> None:
        self.free = places
        self._held: dict[Hashable, int] = {}

    def take(self, owner: Hashable) -> bool:
        """Take one place and return True, or return False if the owner has used up its share."""
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
        """Return one place of the owner."""
        held = self._held[owner] - 1
        if held:
            self._held[owner] = held
        else:
            del self._held[owner]
        self.free += 1
