# mypyc: compiled
"""The last denials, for operators who ask why a request was refused.

Each denial gets an id, which the client sees in a header and Envoy's access log can print. An
operator who is told the id finds the denial, with details that clients never see.

A denial is kept as it is, and turned into text only when somebody reads it.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple

from adapter.authorization.decision_ids import DecisionIds
from adapter.policy.decision import Denied
from adapter.policy.request.attributes import RequestAttributes
from adapter.runtime.clock import Clock, WallTime

LONGEST_PATH: Final = 200
"""Longest path that is kept, in characters."""
_LONGEST_TEXT: Final = 64


class RecordedDenial(NamedTuple):
    """A denial, and what is kept of its request."""

    decision_id: str
    at: WallTime
    denied: Denied
    api_id: str
    """The API, or what the route names in place of one; may be empty."""
    method: str
    path: str
    """Without the query; cut off after `LONGEST_PATH` characters."""
    address: str
    """The client's address; empty if Envoy attests none, or if it may not be kept."""


class DenialLog:
    """Keeps the last `capacity` denials of this process."""

    def __init__(self, clock: Clock, capacity: int, *, keep_addresses: bool) -> None:
        self._clock = clock
        self._last: deque[RecordedDenial] = deque(maxlen=capacity)
        self._keep_addresses = keep_addresses
        self._ids = DecisionIds()
        self.total = 0
        """How many there were since the start."""

    def record(self, denied: Denied, request: RequestAttributes) -> str:
        """Keep a denial, and return its id; see `DecisionIds`."""
        now = self._clock.now()
        self.total += 1
        decision_id = self._ids.new(now)
        api, address = denied.api, None
        if self._keep_addresses:
            address = request.client_address
        self._last.append(
            RecordedDenial(
                decision_id,
                now,
                denied,
                request.api_id[:_LONGEST_TEXT] if api is None else api.api_id,
                request.method[:_LONGEST_TEXT],
                request.path[: LONGEST_PATH + 1].partition("?")[0][:LONGEST_PATH],
                "" if address is None else address[:_LONGEST_TEXT],
            )
        )
        return decision_id

    @property
    def capacity(self) -> int:
        """How many denials are kept at most."""
        return self._last.maxlen or 0

    @property
    def newest_first(self) -> Iterable[RecordedDenial]:
        """The denials that are kept."""
        return tuple(reversed(self._last))
