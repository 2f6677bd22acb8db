"""What had to be left out of otherwise good answers, told once."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

import structlog

_MOST: Final = 20


class DocumentFaults:
    """The current complaints about each kind of document; logged when they change.

    At most twenty of a kind are kept: the first ones tell what is wrong.
    """

    def __init__(self, **context: str) -> None:
        self._context = context
        self._by_kind: dict[str, tuple[str, ...]] = {}

    def replace(self, kind: str, complaints: Iterable[str]) -> None:
        """Put these in the place of that kind's earlier ones."""
        current = tuple(islice(complaints, _MOST))
        if current and current != self._by_kind.get(kind):
            log = structlog.get_logger()
            log.warning("platform.left_out", kind=kind, what=current, **self._context)
        self._by_kind[kind] = current

    @property
    def current(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(text for texts in self._by_kind.values() for text in texts)
