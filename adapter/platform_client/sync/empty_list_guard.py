"""Guards against a list of policies that is empty by mistake."""

from typing import TypeAlias

from adapter.policy.catalog import AppliedPolicy

Policies: TypeAlias = tuple[AppliedPolicy, ...]


class EmptyListGuard:
    """Accepts that a list of policies became empty only when the platform says it twice in a row.

    An empty list opens an API, and a platform's mistake must not do that. While `pending`, the
    caller makes the next request without conditions.
    """

    def __init__(self) -> None:
        self.pending = False

    def settle(self, known: Policies, fetched: Policies) -> Policies:
        """Return the policies to believe."""
        turned_empty = bool(known) and not fetched
        self.pending = turned_empty and not self.pending
        return known if self.pending else fetched
