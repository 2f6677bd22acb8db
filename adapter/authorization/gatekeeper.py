# mypyc: compiled
"""Whether the snapshot is fit to decide by."""

from typing import Final, Literal

from adapter.authorization.ports import PlatformContact
from adapter.policy.verdicts import Deny, DenyReason
from adapter.runtime.clock import Clock

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
    detail="the platform has not confirmed this API for longer than gatekeeper.max_age_s",
)


class Gatekeeper:
    """Refuses requests for which there is nothing trustworthy to decide by.

    `flexible`: what the platform said, or the disk copy of it, will do. `strict`: the platform must
    have been reached since the start. With `max_age_s`, an API that the platform has not confirmed
    for that long is not decided by any more (the vendor's gatekeeper has the same two modes).
    """

    def __init__(
        self,
        clock: Clock,
        contact: PlatformContact,
        *,
        mode: Literal["flexible", "strict"],
        max_age_s: float | None,
    ) -> None:
        self._clock = clock
        self._contact = contact
        self._strict = mode == "strict"
        self._max_age_s = max_age_s
        self.is_watchful = self._strict or max_age_s is not None
        """Whether it may object to an API that is in the snapshot; else there is no need to ask."""

    def objection(self, api_id: str, *, loaded: bool) -> Deny | None:
        """Why not to decide about that API now; `loaded`: there is a snapshot, be it from disk."""
        if not loaded or (self._strict and not self._contact.reached_platform):
            return NOT_READY
        if self._max_age_s is None:
            return None
        confirmed_at = self._contact.synced_at(api_id)
        if confirmed_at is None or self._clock.now() - confirmed_at > self._max_age_s:
            return TOO_STALE
        return None
