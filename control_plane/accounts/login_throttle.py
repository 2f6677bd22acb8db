"""Slows guesses down: after some wrong passwords, a user or an address has to wait.

The counts are in memory, bounded in number, and forgotten after a while. Each process counts for
itself.
"""

import ipaddress
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from control_plane.errors import TooManyLogins

PER_USER: Final = 10
PER_ADDRESS: Final = 50
"""Wrong passwords in `PERIOD`. An address has more, because many users may share it."""
PERIOD: Final = timedelta(minutes=15)
_RETRY_AFTER_S: Final = 2
"""The wait of a login that only waits for others to be checked."""
MAX_KEYS: Final = 10_000
"""Users and addresses that are counted. The one that failed least recently is forgotten first."""


class LoginThrottle:
    """Counts wrong passwords by user name and by network address."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, list[datetime]] = OrderedDict()
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def attempt(self, name: str, address: str | None, now: datetime) -> Iterator[None]:
        """Check a password inside; raise TooManyLogins if the user or the address has to wait.

        A password that is being checked counts as wrong until it is known to be right. Otherwise
        guesses that are sent at once would all pass the limit before the first is counted.
        """
        limits = _limits(name, address)
        with self._lock:
            for key, most in limits.items():
                self._require_room(key, most, now)
            self._under_way += Counter(limits.keys())
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= Counter(limits.keys())

    def _require_room(self, key: str, most: int, now: datetime) -> None:
        recent = self._recent(key, now)
        if len(recent) >= most:
            wait = recent[-most] + PERIOD - now
            raise TooManyLogins(
                f"too many wrong passwords; wait {_minutes(wait)}, then try again",
                int(wait.total_seconds()) + 1,
            )
        if len(recent) + self._under_way[key] >= most:
            raise TooManyLogins("too many logins at once; try again", _RETRY_AFTER_S)

    def failed(self, name: str, address: str | None, now: datetime) -> None:
        """Count a wrong password; call it before the attempt ends."""
        with self._lock:
            for key, most in _limits(name, address).items():
                self._failures[key] = [*self._recent(key, now), now][-most:]
                self._failures.move_to_end(key)
            while len(self._failures) > MAX_KEYS:
                self._failures.popitem(last=False)

    def succeeded(self, name: str) -> None:
        """Forget the user's failures. Those of the address stay: its guesses may go on."""
        with self._lock:
            self._failures.pop(_user(name), None)

    def _recent(self, key: str, now: datetime) -> list[datetime]:
        return [at for at in self._failures.get(key, ()) if now - at < PERIOD]


def _limits(name: str, address: str | None) -> dict[str, int]:
    of_address = {} if address is None else {f"address {_network(address)}": PER_ADDRESS}
    return {_user(name): PER_USER} | of_address


def _user(name: str) -> str:
    return f"user {name[:100].lower()}"


def _network(address: str) -> str:
    """The address; for IPv6 its /64, because a client with one address there has all of them."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:100]
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found, 64), strict=False))


def _minutes(wait: timedelta) -> str:
    minutes = -(-wait // timedelta(minutes=1))
    return "a minute" if minutes == 1 else f"{minutes} minutes"
