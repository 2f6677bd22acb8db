"""Whether the snapshot is fit to decide by."""

from collections.abc import Callable
from typing import Final, Literal

from adapter.clock import Clock, WallTime
from adapter.policy.decision import Deny, DenyReason

NOT_READY: Final = Deny(
    DenyReason.NOT_READY,
    503,
    "Policies are not loaded yet",
    detail="the platform has not been reached since the start, and no disk copy may serve",
)
TOO_STALE: Final = Deny(
    DenyReason.TOO_STALE,
    503,
    "Policies are too old to decide by",
    detail="the platform has not been reached for longer than gatekeeper.max_age_s",
)


class Gatekeeper:
    """Refuses requests for which there is nothing trustworthy to decide by.

    `flexible`: what the platform said, or the disk copy of it, will do. `strict`: the platform must
    have been reached since the start. With `max_age_s`, a snapshot that the platform has not
    confirmed for that long is not used any more (the vendor's gatekeeper has the same two modes).
    """

    def __init__(
        self,
        clock: Clock,
        last_contact: Callable[[], WallTime | None],
        *,
        mode: Literal["flexible", "strict"] = "flexible",
        max_age_s: float | None = None,
    ) -> None:
        self._clock = clock
        self._last_contact = last_contact
        self._strict = mode == "strict"
        self._max_age_s = max_age_s

    def objection(self, *, loaded: bool) -> Deny | None:
        """Why not to decide now; `loaded`: there is a snapshot, be it from disk."""
        if not self._strict and self._max_age_s is None:
            return None if loaded else NOT_READY
        contact = self._last_contact()
        if (contact is None and self._strict) or not loaded:
            return NOT_READY
        if self._max_age_s is not None and self._clock.now() - (contact or 0) > self._max_age_s:
            return TOO_STALE
        return None
