"""What happens to the disk copy, for those who count it."""


class DiskObserver:
    """Base class of observers; its methods do nothing. A method must neither block nor raise."""

    def disk_written(self, byte_count: int) -> None:
        """The disk copy was written."""

    def disk_failed(self) -> None:
        """The disk copy could not be written."""

    def disk_rejected(self) -> None:
        """A disk copy could not be used; it was renamed if possible."""
