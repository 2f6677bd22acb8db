"""Which of the platform's changes are in force, for reports: see `protocol.revision`."""

from typing import NamedTuple

from adapter.platform_client.sync.fetched import FetchedApi


class Revisions(NamedTuple):
    """All changes to an API up to these numbers are in force. None: not known.

    Each part has its own, because each part is fetched at its own time.
    """

    policies: int | None = None
    tiers: int | None = None
    contracts: int | None = None

    def after(self, fetched: FetchedApi, *, believed: bool) -> "Revisions":
        """The revisions after a complete poll; `believed` says whether its policies are in force.

        What was not due keeps its revision.
        """
        return Revisions(
            fetched.policies.revision if believed else self.policies,
            self.tiers if fetched.tiers is None else fetched.tiers.revision,
            fetched.feed.revision,
        )
