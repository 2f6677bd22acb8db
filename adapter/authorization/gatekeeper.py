# mypyc: compiled
"""Whether the snapshot may be used for decisions."""

from typing import Final, Literal

from adapter.authorization.ports import PlatformContact
from adapter.policy.verdicts import Deny, DenyReason
from adapter.runtime.clock import Clock

NOT_READY: Final = Deny(
    DenyReason.NOT_READY,
    503,
    "Policies are not loaded yet",
    detail="this API has not been loaded from the platform since the start, and no disk copy of it "
    "can be used",
)
TOO_STALE: Final = Deny(
    DenyReason.TOO_STALE,
    503,
    "Policies are too old",
    detail="the platform has not confirmed this API for longer than gatekeeper.max_age_s",
)


class Gatekeeper:
    """Denies requests while the snapshot may not be used.

    With `flexible`, the snapshot may come from the disk copy. With `strict`, the platform must have
    been reached since the start. (The vendor's gatekeeper has the same two modes.) With
    `max_age_s`, requests to an API are denied if the platform has not confirmed it for that long.
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
        """Whether it can object to an API that is in the snapshot. If not, Checks need not ask."""

    def objection(self, api_id: str, *, loaded: bool) -> Deny | None:
        """Why requests to that API are denied now, or None. `loaded`: the snapshot has the API."""
        if self._strict and not self._contact.reached_platform:
            return NOT_READY
        if not loaded:
            return NOT_READY if self._contact.awaits(api_id) else None
        if self._max_age_s is None:
            return None
        confirmed_at = self._contact.synced_at(api_id)
        if confirmed_at is None or self._clock.now() - confirmed_at > self._max_age_s:
            return TOO_STALE
        return None
