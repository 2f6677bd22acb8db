"""The contract feed: read page by page to its end, then polled for changes.

The protocol ("CCS v3") is known from the public source of the vendor's contracts library: a page
has `data` and `links.next`; the last `next` is where the following poll begins.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import urljoin

from adapter.errors import DocumentError
from adapter.platform_client.http.origin import origin
from adapter.platform_client.protocol.translate import ContractChange
from adapter.policy.contracts.contract import Contract


class FeedPass:
    """One pass over the feed, page by page; no I/O.

    The caller fetches `url` and passes the page to `take`, until the pass is `complete`. An
    incomplete pass must not be used: it is a state that the platform never had.
    """

    def __init__(self, beginning: str, cursor: str | None, max_pages: int) -> None:
        self.whole = cursor is None
        """Whether it started at the beginning of the feed, so that it has all contracts."""
        self.url = cursor or beginning
        self.complete = False
        self._resumable = False
        self.changes: dict[str, Contract | None] = {}
        """The latest state of each contract in the feed; None for a removed one."""
        self.faults: list[str] = []
        """What is wrong with the rows that had to be left out; the caller fills it."""
        self.revision: int | None = None
        """The revision of the last page, whose feed contains all changes up to it."""
        self._max_pages = max_pages
        self._seen = {self.url}

    def take(
        self,
        changes: Sequence[ContractChange],
        *,
        empty: bool,
        next_url: str | None,
        revision: int | None = None,
    ) -> None:
        """Take over a page; raise DocumentError if the pages form a circle or are too many.

        The last page is empty, or has no `next`, or a `next` that leads to itself.
        """
        self.changes.update(changes)
        self.revision = revision
        following = self._link(next_url) if next_url else None
        self.complete = empty or following is None or following == self.url
        if not self.complete:
            self._require_progress(following)
        if following is not None:
            self.url = following
        self._resumable = following is not None

    @property
    def cursor(self) -> str | None:
        """Where the next pass starts; None if the platform gave no link for it."""
        return self.url if self.complete and self._resumable else None

    def applied_to(self, contracts: Mapping[str, Contract]) -> Mapping[str, Contract]:
        """The contracts after this pass; the same object if nothing changed."""
        if self.whole:
            current = {i: c for i, c in self.changes.items() if c is not None}
            return contracts if current == contracts else current
        news = {i: c for i, c in self.changes.items() if contracts.get(i) != c}
        return _merged(contracts, news) if news else contracts

    def revocations_applied_to(self, contracts: Mapping[str, Contract]) -> Mapping[str, Contract]:
        """The contracts without those that this pass ends; the same object if it ends none."""
        after = self.applied_to(contracts)
        kept = {i: c for i, c in contracts.items() if i in after}
        return contracts if len(kept) == len(contracts) else kept

    def _link(self, text: str) -> str:
        # A cursor must stay unchanged, byte for byte. `urljoin` would rewrite an absolute URL.
        try:
            return text if origin(text) else urljoin(self.url, text)
        except ValueError:
            raise DocumentError("a link of the contract feed is not a valid URL") from None

    def _require_progress(self, following: str | None) -> None:
        if following is None or following in self._seen:
            raise DocumentError("the pages of the contract feed form a circle")
        if len(self._seen) >= self._max_pages:
            raise DocumentError(f"the contract feed has more than {self._max_pages} pages")
        self._seen.add(following)


def _merged(
    contracts: Mapping[str, Contract], news: Mapping[str, Contract | None]
) -> Mapping[str, Contract]:
    """Changed contracts go to the end: if two share a client id, the later one counts."""
    merged = dict(contracts)
    for contract_id, contract in news.items():
        merged.pop(contract_id, None)
        if contract is not None:
            merged[contract_id] = contract
    return merged
