# mypyc: compiled
"""The one place that holds the current snapshot."""

from collections.abc import Iterable

from adapter.policy.snapshot import Api, Snapshot
from adapter.runtime.clock import Clock


class SnapshotStore:
    """Holds the current snapshot; a Check reads it once and passes it on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.current = Snapshot()

    def publish(self, apis: Iterable[Api] = (), removed: Iterable[str] = ()) -> Snapshot:
        """Put those APIs in the place of what they were, drop the removed; return the result."""
        self.current = self.current.replaced(apis, removed, self._clock.now())
        return self.current
