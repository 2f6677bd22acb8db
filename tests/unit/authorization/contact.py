"""A platform that was in touch when the test says."""

from adapter.runtime.clock import WallTime


class Contact:
    """A platform that was in touch when the test says."""

    def __init__(self, confirmed_at: WallTime | None = None) -> None:
        self.confirmed_at = confirmed_at
        self.reached_platform = False
        self.awaited: set[str] = set()

    def awaits(self, api_id: str) -> bool:
        """See `PlatformContact`."""
        return api_id in self.awaited

    def synced_at(self, api_id: str) -> WallTime | None:
        """See `PlatformContact`."""
        return self.confirmed_at
