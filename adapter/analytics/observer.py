"""What happens to entries and events, for those who count it."""

from enum import StrEnum


class Unattributed(StrEnum):
    """Why an access log entry belongs to no API that we know."""

    UNCHECKED = "unchecked"
    """Never checked, and no binding fits: its route lacks the filter, or there is no route."""
    UNBOUND = "unbound"
    """Checked, and found to belong to no API."""
    CLIENT_ABORT = "client_abort"
    """The client left before the decision was known."""
    AUTHORIZATION_ERROR = "authorization_error"
    """Envoy got no usable answer to its Check."""


class DropReason(StrEnum):
    """Why an event never reaches the platform."""

    SPOOL_FULL = "spool_full"
    EXPIRED = "expired"
    """It was in the spool file for too long."""
    REJECTED = "rejected"
    """The platform refused its batch for good, or the event itself, and nobody keeps it."""
    SPOOL_LOST = "spool_lost"
    """It was in a spool file, or in a row of it, that was damaged or removed."""
    DELETED = "deleted"
    """An operator deleted it from the spool file."""
    SHUTDOWN = "shutdown"
    """Still in memory when the process ended."""


class AnalyticsObserver:
    """Base class of observers; its methods do nothing. A method must neither block nor raise.

    All values are few, so that they fit as labels of a metric.
    """

    def events_offered(self, count: int) -> None:
        """Events were made and given to the spool."""

    def dropped(self, reason: DropReason, count: int) -> None:
        """Events were dropped."""

    def uploaded(self, count: int) -> None:
        """The platform accepted events."""

    def upload_failed(self, kind: str) -> None:
        """An upload failed; `uploader.failure_kind` gives the kind."""

    def unattributed(self, reason: Unattributed) -> None:
        """An access log entry made no event."""

    def unchecked(self, api_id: str) -> None:
        """A request to an API, found by the bindings, reached its service without a Check."""

    def envoy_seen(self, node: str) -> None:
        """An Envoy with this node id has opened a stream. It may be told again."""

    def broken_entry(self) -> None:
        """An entry, or a whole message, could not be read."""
