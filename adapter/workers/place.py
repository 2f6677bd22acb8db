"""Which worker a process is, and where it meets the others."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class WorkerPlace:
    """A worker's number and sockets. Worker 0 syncs with the platform; the others follow it."""

    number: int
    directory: Path
    """A directory that only this user can enter. It lasts as long as the parent."""

    @property
    def syncs(self) -> bool:
        """Whether this worker syncs with the platform."""
        return self.number == 0

    @property
    def relay(self) -> Path:
        """The socket on which the syncing worker tells the others what it has loaded."""
        return self.directory / "relay"

    @property
    def metrics(self) -> Path:
        """The socket on which the parent asks this worker for metrics and probes."""
        return self.directory / f"{self.number}.metrics"

    @property
    def inspection(self) -> Path:
        """The same for the inspection page."""
        return self.directory / f"{self.number}.inspection"
