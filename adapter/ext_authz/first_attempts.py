# mypyc: compiled
"""Tells the first attempt of a Check from Envoy's retries of it."""

from collections import OrderedDict


class FirstAttempts:
    """Remembers the ids of the last Checks that were asked about. It is bounded.

    Envoy sends the same id again when it retries a Check; see `RequestAttributes.check_id`.
    """

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._ids: OrderedDict[str, None] = OrderedDict()

    def is_first(self, check_id: str) -> bool:
        """Whether this is the first attempt; the next one with that id is not.

        A Check without an id, such as one of the network filter, never is.
        """
        if not check_id or check_id in self._ids:
            return False
        if len(self._ids) >= self._capacity:
            self._ids.popitem(last=False)
        self._ids[check_id] = None
        return True
