"""How many wrong passwords a user name or a network address may send, before it has to wait."""

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from control_plane.errors import TooManyLogins

PER_USER: Final = 10
PER_ADDRESS: Final = 50
"""Wrong passwords in `PERIOD`. An address has more, because many users may share it."""
PERIOD: Final = timedelta(minutes=15)
_RETRY_AFTER_S: Final = 2
"""The wait of a login that only waits for others to be checked."""


def limits_of(name: str, address: str | None) -> dict[str, int]:
    """The limit of each key that a login counts for."""
    of_address = {} if address is None else {f"address {_network(address)}": PER_ADDRESS}
    return {user_key(name): PER_USER} | of_address


def user_key(name: str) -> str:
    """What a user is counted by."""
    return f"user {name[:100].lower()}"


def require_room(wrong: Sequence[datetime], checking: int, most: int, now: datetime) -> None:
    """Raise TooManyLogins if there were too many wrong passwords lately, from old to new.

    A password that is being checked counts as wrong until it is known to be right. Otherwise
    guesses that are sent at once would all pass the limit before the first is counted.
    """
    if len(wrong) >= most:
        wait = wrong[-most] + PERIOD - now
        raise TooManyLogins(
            f"too many wrong passwords; wait {_minutes(wait)}, then try again",
            int(wait.total_seconds()) + 1,
        )
    if len(wrong) + checking >= most:
        raise TooManyLogins("too many logins at once; try again", _RETRY_AFTER_S)


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
