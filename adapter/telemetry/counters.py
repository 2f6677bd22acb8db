"""What the parts tell of themselves, counted as metrics. Each class fits one part's observer."""

from collections.abc import Callable

from adapter.platform_client.sync.observer import PollKind, SyncObserver
from adapter.telemetry.metrics import Telemetry


class CallCounters:
    """Counts failed calls. Decisions count themselves, in a `DecisionTally`, which is cheaper."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def call_failed(self, path: str, code: int) -> None:
        """The call of that method ended with that status code."""
        method = path.rpartition("/")[2]
        self._telemetry.add("adapter_call_errors", method=method, code=str(code))


class SyncCounters(SyncObserver):
    """Counts polls, publications and disk copies; `after_publish` is called after each."""

    def __init__(self, telemetry: Telemetry, after_publish: Callable[[], None]) -> None:
        self._telemetry = telemetry
        self._after_publish = after_publish

    def poll_succeeded(self, kind: PollKind) -> None:
        """A poll got a complete answer."""
        self._telemetry.add("adapter_sync_polls", kind=kind, result="succeeded")

    def poll_failed(self, kind: PollKind, error: str) -> None:
        """A poll failed with an error of that class."""
        self._telemetry.add("adapter_sync_polls", kind=kind, result=error)

    def published(self, apis: int) -> None:
        """So many APIs were replaced in the snapshot."""
        self._telemetry.add("adapter_apis_published", apis)
        self._after_publish()

    def secret_forms_unknown(self, count: int) -> None:
        """So many contracts came with a secret whose hash has a form that we do not know."""
        self._telemetry.add("adapter_secret_forms_unknown", count)

    def disk_written(self, byte_count: int) -> None:
        """The disk copy was written; it has so many bytes."""
        self._telemetry.add("adapter_disk_copy_bytes", byte_count)
        self._telemetry.add("adapter_disk_copies", result="written")

    def disk_failed(self) -> None:
        """The disk copy could not be written."""
        self._telemetry.add("adapter_disk_copies", result="failed")

    def disk_rejected(self) -> None:
        """A disk copy could not be used; it was renamed if possible."""
        self._telemetry.add("adapter_disk_copies", result="rejected")


class AnalyticsCounters:
    """Counts entries, events and uploads."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def events_offered(self, count: int) -> None:
        """So many events were made."""
        self._telemetry.add("adapter_events", count, outcome="made")

    def dropped(self, reason: str, count: int) -> None:
        """So many events were given up."""
        self._telemetry.add("adapter_events", count, outcome=f"dropped_{reason}")

    def uploaded(self, count: int) -> None:
        """The platform took so many events."""
        self._telemetry.add("adapter_events", count, outcome="uploaded")

    def upload_failed(self, kind: str) -> None:
        """An upload failed."""
        self._telemetry.add("adapter_upload_failures", kind=kind)

    def unattributed(self, reason: str) -> None:
        """An access log entry made no event."""
        self._telemetry.add("adapter_entries_unattributed", reason=reason)

    def broken_entry(self) -> None:
        """An entry, or a whole message, could not be read."""
        self._telemetry.add("adapter_entries_broken")
