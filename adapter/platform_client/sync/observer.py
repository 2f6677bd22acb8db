"""What happens in the sync, for those who count it."""

from typing import Literal, TypeAlias

from adapter.platform_client.disk.observer import DiskObserver

PollKind: TypeAlias = Literal["api", "instances", "automated_policies", "file"]


class SyncObserver(DiskObserver):
    """Base class of observers; its methods do nothing. A method must neither block nor raise.

    All values are few, so that they fit as labels of a metric.
    """

    def poll_succeeded(self, kind: PollKind) -> None:
        """A poll got a complete answer, which may be "not modified"."""

    def poll_failed(self, kind: PollKind, error: str) -> None:
        """A poll failed; `error` is the name of a class in `adapter.errors`, or `unforeseen`."""

    def published(self, apis: int) -> None:
        """APIs were replaced in the snapshot."""

    def secret_forms_unknown(self, count: int) -> None:
        """Contracts came with a hashed secret in a form that we do not know."""
