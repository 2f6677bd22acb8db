"""How the polls of one thing go: an API, the list of instances, the automated policies."""

from dataclasses import dataclass

import structlog

from adapter.errors import PlatformError
from adapter.platform_client.sync.observer import PollKind, SyncObserver
from adapter.platform_client.sync.status import PollRecord
from adapter.runtime.backoff import Backoff


@dataclass(frozen=True, slots=True)
class Course:
    """Its record and its backoff."""

    kind: PollKind
    record: PollRecord
    backoff: Backoff

    def note(self, error: Exception | None, observer: SyncObserver) -> None:
        """Remember and tell how a poll went; an unforeseen exception is logged with its trace."""
        if error is None:
            self.record.succeeded()
            observer.poll_succeeded(self.kind)
            return
        foreseen = isinstance(error, PlatformError)
        if not foreseen:
            structlog.get_logger().error("platform.poll_broke", kind=self.kind, exc_info=error)
        self.record.failed(error)
        observer.poll_failed(self.kind, type(error).__name__ if foreseen else "unforeseen")
