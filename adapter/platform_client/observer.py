"""What the sync tells whoever counts."""

from typing import Literal, Protocol, TypeAlias

PollKind: TypeAlias = Literal["api", "instances", "automated_policies"]


class SyncObserver(Protocol):
    """Told of what happens; must neither block nor raise. All label values are bounded."""

    def poll_succeeded(self, kind: PollKind) -> None:
        """A poll got a complete answer, be it "nothing new"."""

    def poll_failed(self, kind: PollKind, error: str) -> None:
        """A poll failed; `error` is the name of a class in `adapter.errors`."""

    def published(self, apis: int) -> None:
        """So many APIs were replaced in the snapshot."""

    def secret_forms_unknown(self, count: int) -> None:
        """So many contracts came with a secret whose hash has a form that we do not know."""

    def disk_written(self, byte_count: int) -> None:
        """The disk copy was written."""

    def disk_failed(self) -> None:
        """The disk copy could not be written."""

    def disk_rejected(self) -> None:
        """A disk copy could not be used, and was set aside if possible."""


class SilentObserver:
    """Counts nothing."""

    def poll_succeeded(self, kind: PollKind) -> None:
        """See `SyncObserver.poll_succeeded`."""

    def poll_failed(self, kind: PollKind, error: str) -> None:
        """See `SyncObserver.poll_failed`."""

    def published(self, apis: int) -> None:
        """See `SyncObserver.published`."""

    def secret_forms_unknown(self, count: int) -> None:
        """See `SyncObserver.secret_forms_unknown`."""

    def disk_written(self, byte_count: int) -> None:
        """See `SyncObserver.disk_written`."""

    def disk_failed(self) -> None:
        """See `SyncObserver.disk_failed`."""

    def disk_rejected(self) -> None:
        """See `SyncObserver.disk_rejected`."""
