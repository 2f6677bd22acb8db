"""What had to be left out of otherwise good documents."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

import structlog

_MOST: Final = 20


class DocumentFaults:
    """The current faults in each kind of document; logged when they change.

    At most twenty of a kind are kept: the first ones show what is wrong.
    """

    def __init__(self, **context: str) -> None:
        self._context = context
        self._by_kind: dict[str, tuple[str, ...]] = {}

    def replace(self, kind: str, faults: Iterable[str]) -> None:
        """Replace that kind's earlier faults by these."""
        current = tuple(islice(faults, _MOST))
        if current and current != self._by_kind.get(kind):
            log = structlog.get_logger()
            log.warning("platform.left_out", kind=kind, what=current, **self._context)
        self._by_kind[kind] = current

    @property
    def current(self) -> tuple[str, ...]:
        """The faults of all kinds."""
        return tuple(text for texts in self._by_kind.values() for text in texts)
