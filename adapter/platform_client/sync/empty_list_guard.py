"""What is believed only when the platform says it twice."""

from typing import TypeAlias

from adapter.policy.catalog import AppliedPolicy

Policies: TypeAlias = tuple[AppliedPolicy, ...]


class EmptyListGuard:
    """Lets a list of policies turn empty only on the second word in a row.

    An empty list opens an API; a platform's mistake must not. The caller makes the second request
    without conditions while `pending`.
    """

    def __init__(self) -> None:
        self.pending = False

    def settle(self, known: Policies, fetched: Policies) -> Policies:
        """The policies to believe in."""
        turned_empty = bool(known) and not fetched
        self.pending = turned_empty and not self.pending
        return known if self.pending else fetched
