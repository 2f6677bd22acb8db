"""Remembers what observers are told."""

from collections import Counter

from adapter.analytics.observer import AnalyticsObserver, DropReason, Unattributed


class RecordingObserver(AnalyticsObserver):
    """Counts by name and reason."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def events_offered(self, count: int) -> None:
        """See `AnalyticsObserver.events_offered`."""
        self.counts["offered"] += count

    def dropped(self, reason: DropReason, count: int) -> None:
        """See `AnalyticsObserver.dropped`."""
        self.counts[f"dropped {reason}"] += count

    def uploaded(self, count: int) -> None:
        """See `AnalyticsObserver.uploaded`."""
        self.counts["uploaded"] += count

    def upload_failed(self, kind: str) -> None:
        """See `AnalyticsObserver.upload_failed`."""
        self.counts[f"failed {kind}"] += 1

    def unattributed(self, reason: Unattributed) -> None:
        """See `AnalyticsObserver.unattributed`."""
        self.counts[f"unattributed {reason}"] += 1

    def broken_entry(self) -> None:
        """See `AnalyticsObserver.broken_entry`."""
        self.counts["broken"] += 1
