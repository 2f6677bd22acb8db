# mypyc: compiled
"""Holds the current snapshot."""

from collections.abc import Iterable

from adapter.policy.snapshot import Api, Snapshot
from adapter.runtime.clock import Clock


class SnapshotStore:
    """The only place that holds the current snapshot. A Check reads it once and passes it on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.current = Snapshot()

    def publish(self, apis: Iterable[Api] = (), removed: Iterable[str] = ()) -> Snapshot:
        """Add or replace those APIs, leave out the removed ids, and return the new snapshot."""
        self.current = self.current.replaced(apis, removed, self._clock.now())
        return self.current
