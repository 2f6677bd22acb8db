"""What analytics tell whoever counts: metrics hang on here."""

from enum import StrEnum
from typing import Protocol


class Unattributed(StrEnum):
    """Why an access log entry belongs to no API that we know."""

    UNCHECKED = "unchecked"
    """Never checked, and no binding fits: a route without the filter, no route at all."""
    UNBOUND = "unbound"
    """Checked, and found to belong to no API."""
    CLIENT_ABORT = "client_abort"
    """The client left before the decision was known."""
    AUTHORIZATION_ERROR = "authorization_error"
    """Envoy got no usable answer to its Check."""


class DropReason(StrEnum):
    """Why an event never reaches the platform."""

    SPOOL_FULL = "spool_full"
    REJECTED = "rejected"
    """The platform refused its batch for good."""
    SHUTDOWN = "shutdown"
    """Still in memory when the process ended."""


class AnalyticsObserver(Protocol):
    """Told of everything that is worth counting; must not block or raise."""

    def events_offered(self, count: int) -> None:
        """So many events were made and given to the spool."""

    def dropped(self, reason: DropReason, count: int) -> None:
        """So many events were given up."""

    def uploaded(self, count: int) -> None:
        """The platform took so many events."""

    def upload_failed(self, kind: str) -> None:
        """An upload failed; `kind` is one of the few words of `uploader.failure_kind`."""

    def unattributed(self, reason: Unattributed) -> None:
        """An access log entry made no event."""

    def broken_entry(self) -> None:
        """An entry, or a whole message, could not be read."""


class SilentObserver:
    """Counts nothing."""

    def events_offered(self, count: int) -> None:
        """See `AnalyticsObserver.events_offered`."""

    def dropped(self, reason: DropReason, count: int) -> None:
        """See `AnalyticsObserver.dropped`."""

    def uploaded(self, count: int) -> None:
        """See `AnalyticsObserver.uploaded`."""

    def upload_failed(self, kind: str) -> None:
        """See `AnalyticsObserver.upload_failed`."""

    def unattributed(self, reason: Unattributed) -> None:
        """See `AnalyticsObserver.unattributed`."""

    def broken_entry(self) -> None:
        """See `AnalyticsObserver.broken_entry`."""
