"""The rows of the spool file whose events are in memory, because they are next or being uploaded.

A batch may hold several rows, or, after a 413, a part of one. A row may be deleted when all of its
events are settled: uploaded, or put aside.
"""

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from adapter.analytics.spool.batch import Backlog, BatchLimit
from adapter.analytics.spool.row_values import LoadedRow


class Part(NamedTuple):
    """Some events of one row, in their order."""

    row_id: int
    events: tuple[bytes, ...]
    bytes: int

    def split(self, limit: BatchLimit, *, at_least: int) -> tuple["Part", "Part"]:
        """As many events as the limit allows, but at least so many; and the others."""
        if len(self.events) <= limit.events and self.bytes <= limit.bytes:
            return self, _part(self.row_id, ())
        fitting = size = 0
        for event in self.events[: limit.events]:
            size += len(event)
            if size > limit.bytes:
                break
            fitting += 1
        cut = max(fitting, at_least)
        return _part(self.row_id, self.events[:cut]), _part(self.row_id, self.events[cut:])


class LoadedRows:
    """Rows in memory, oldest first."""

    def __init__(self) -> None:
        self._waiting: deque[Part] = deque()
        self._left: dict[int, int] = {}
        """How many events of each row are not settled."""
        self.waiting = Backlog(0, 0)
        """The events that are not out."""
        self.unsettled = Backlog(0, 0)
        """The events that are waiting or out."""

    def load(self, rows: Iterable[LoadedRow]) -> None:
        """Add rows behind the others."""
        for row in rows:
            part = _part(row.row_id, row.events)
            self._waiting.append(part)
            self._left[row.row_id] = len(row.events)
            self.waiting = _sum(self.waiting, part)
            self.unsettled = _sum(self.unsettled, part)

    def keep_only(self, row_ids: Collection[int]) -> int:
        """Forget waiting events of other rows. Returns how many that were."""
        gone = [part for part in self._waiting if part.row_id not in row_ids]
        if gone:
            self._waiting = deque(part for part in self._waiting if part.row_id in row_ids)
            for part in gone:
                self.waiting = _sum(self.waiting, part, -1)
            self.settle(gone)
        return sum(len(part.events) for part in gone)

    def adopt(self, row: LoadedRow) -> Part:
        """Add a row whose events are out already."""
        part = _part(row.row_id, row.events)
        self._left[row.row_id] = len(row.events)
        self.unsettled = _sum(self.unsettled, part)
        return part

    def take(self, limit: BatchLimit) -> tuple[Part, ...]:
        """Take out the oldest events: as many as the limit allows, but at least one if any wait."""
        taken: list[Part] = []
        room = limit
        while self._waiting and room.events > 0:
            part, rest = self._waiting.popleft().split(room, at_least=0 if taken else 1)
            if part.events:
                taken.append(part)
                self.waiting = _sum(self.waiting, part, -1)
            if rest.events:
                self._waiting.appendleft(rest)
                break
            room = BatchLimit(room.events - len(part.events), room.bytes - part.bytes)
        return tuple(taken)

    def put_back(self, parts: Sequence[Part]) -> None:
        """Put parts back, ahead of the others."""
        self._waiting.extendleft(reversed(parts))
        for part in parts:
            self.waiting = _sum(self.waiting, part)

    def settle(self, parts: Iterable[Part]) -> list[int]:
        """Forget parts that were out. Returns the ids of rows that may be deleted now."""
        done = []
        for part in parts:
            self.unsettled = _sum(self.unsettled, part, -1)
            self._left[part.row_id] -= len(part.events)
            if not self._left[part.row_id]:
                del self._left[part.row_id]
                done.append(part.row_id)
        return done


def _sum(backlog: Backlog, part: Part, times: int = 1) -> Backlog:
    return Backlog(backlog.events + times * len(part.events), backlog.bytes + times * part.bytes)


def _part(row_id: int, events: tuple[bytes, ...]) -> Part:
    return Part(row_id, events, sum(map(len, events)))
