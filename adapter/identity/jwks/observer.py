"""What happens to key sets, for those who count it."""

from typing import Literal, TypeAlias

FetchResult: TypeAlias = Literal["succeeded", "unreachable", "refused", "unusable"]
"""`refused`: by the operator's rules for addresses. `unusable`: there is no usable key in it."""


class KeySetObserver:
    """Base class of observers; its methods do nothing. They must neither block nor raise."""

    def fetched(self, result: FetchResult) -> None:
        """A fetch has ended."""
