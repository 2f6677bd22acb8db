"""When policies changed, as gateways have to see it even if the database is restored meanwhile.

A gateway asks whether policies changed since its last poll. A restore under the running process
brings back an older date, which would hide that the policies are others now.
"""

import threading
from datetime import datetime
from typing import Final, NamedTuple

MAX_APIS: Final = 100_000
"""APIs whose dates are remembered. For those beyond, a restore under the process is not noticed."""


class _Told(NamedTuple):
    stored: datetime
    """The date in the database."""
    changed_at: datetime


class PolicyDates:
    """Remembers the dates that this process told gateways."""

    def __init__(self, started_at: datetime) -> None:
        """Before the start, the database may have been restored, so nothing is older than that."""
        self._started_at = started_at
        self._told: dict[int, _Told] = {}
        self._lock = threading.Lock()

    def changed_at(self, api_id: int, stored: datetime, now: datetime) -> datetime:
        """When the policies of an API changed; `now` if the stored date went back."""
        with self._lock:
            told = self._told.pop(api_id, None)
            if told is None:
                changed_at = max(stored, self._started_at)
            elif stored < told.stored:
                changed_at = now
            else:
                changed_at = max(stored, told.changed_at)
            self._told[api_id] = _Told(stored, changed_at)
            if len(self._told) > MAX_APIS:
                del self._told[next(iter(self._told))]
            return changed_at
