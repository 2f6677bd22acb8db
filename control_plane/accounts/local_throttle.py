"""Slows guesses at random secrets down: after some wrong ones, a client has to wait.

Nobody guesses 128 random bits. So it is enough that each process counts for itself, in memory, and
right secrets cost no transaction. The counts are bounded in number, and forgotten after a while.
"""

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from control_plane.accounts.login_limits import PERIOD, limits_of, require_room, user_key

MAX_KEYS: Final = 10_000
"""Clients and addresses that are counted. The one that failed least recently is forgotten first."""


class LocalThrottle:
    """Counts wrong secrets by client id and by network address."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, list[datetime]] = OrderedDict()
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def attempt(self, name: str, address: str | None, now: datetime) -> Iterator[None]:
        """Check a secret inside; raise TooManyLogins if the client or the address has to wait."""
        limits = limits_of(name, address)
        with self._lock:
            for key, most in limits.items():
                require_room(self._recent(key, now), self._under_way[key], most, now)
            self._under_way += Counter(limits.keys())
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= Counter(limits.keys())

    def failed(self, name: str, address: str | None, now: datetime) -> None:
        """Count a wrong secret; call it before the attempt ends."""
        with self._lock:
            for key, most in limits_of(name, address).items():
                self._failures[key] = [*self._recent(key, now), now][-most:]
                self._failures.move_to_end(key)
            while len(self._failures) > MAX_KEYS:
                self._failures.popitem(last=False)

    def succeeded(self, name: str) -> None:
        """Forget the client's failures. Those of the address stay: its guesses may go on."""
        with self._lock:
            self._failures.pop(user_key(name), None)

    def _recent(self, key: str, now: datetime) -> list[datetime]:
        return [at for at in self._failures.get(key, ()) if now - at < PERIOD]
