"""What happens with reports, for those who count it."""

from typing import Literal, TypeAlias

ReportResult: TypeAlias = Literal["sent", "failed", "not_taken"]


class ReportObserver:
    """Base class of observers; its methods do nothing. A method must neither block nor raise."""

    def reported(self, result: ReportResult) -> None:
        """A report was sent, failed, or met a platform that takes no reports."""
