"""The rows of a spool file, one for each batch of events (an SQLite database).

The body of a row is its events, joined by newlines: a JSON object contains none. Ids only grow, so
that the order of ids is the order of events, and a row that comes later always has a higher id.
"""

import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from adapter.analytics.spool.batch import BatchLimit
from adapter.analytics.spool.row_values import Changes, Dropped, LoadedRow, Row, State, Totals
from adapter.analytics.spool.schema import transaction

_SUMS: Final = "SELECT count(*), coalesce(sum(events), 0), coalesce(sum(bytes), 0) FROM batches"


class SpoolRows:
    """The rows of an open database, of which those up to `last_read` are in memory already.

    All methods block, and raise sqlite3.Error. What was committed survives a `kill -9`.
    """

    def __init__(self, connection: sqlite3.Connection, last_read: int = 0) -> None:
        self._connection = connection
        self.last_read = last_read
        self._taken: set[int] = set()
        """Later rows whose events are in memory, too."""
        self._version = self._data_version()
        self.unread = Totals()
        """Pending rows whose events are not in memory."""
        self.quarantined = Totals()
        self._count()

    @property
    def held_events(self) -> int:
        """The events in rows that are unread or quarantined."""
        return self.unread.events + self.quarantined.events

    def see_changes(self) -> Changes | None:
        """Count again if another process changed the file, and say what it did."""
        version, before = self._data_version(), self.held_events
        if version == self._version:
            return None
        self._version = version
        self._count()
        in_memory = self._connection.execute(
            f"SELECT id FROM batches WHERE state = ? AND NOT ({self._is_unread})",  # noqa: S608 - see there
            (State.PENDING,),
        )
        left = frozenset(row_id for (row_id,) in in_memory)
        return Changes(max(0, before - self.held_events), left)

    def add(
        self,
        events: Sequence[bytes],
        now_ms: int,
        state: State = State.PENDING,
        reason: str = "",
        *,
        taken: bool = False,
    ) -> int:
        """Write the events as one row. Returns its id. If `taken`, it is never read."""
        body, size = b"\n".join(events), sum(map(len, events))
        with transaction(self._connection):
            row_id = self._connection.execute(
                "INSERT INTO batches (state, reason, written_ms, events, bytes, checksum, body)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (state, reason, now_ms, len(events), size, zlib.crc32(body), body),
            ).lastrowid
        assert row_id is not None  # noqa: S101 - an INSERT that does not raise has made a row
        added = Totals(1, len(events), size)
        if taken:
            self._pass(row_id)
        elif state is State.PENDING:
            self.unread = self.unread.plus(added)
        else:
            self.quarantined = self.quarantined.plus(added)
        return row_id

    def read(self, limit: BatchLimit) -> tuple[list[LoadedRow], int]:
        """Read the next pending rows, as many as are needed to reach the limit.

        The second value is how many events were in rows whose content was damaged. These rows are
        deleted.
        """
        chosen = self._next_rows(limit)
        loaded, damaged, read = [], [], Totals()
        for row_id, events, size, checksum in chosen:
            (body,) = self._connection.execute(
                "SELECT body FROM batches WHERE id = ?", (row_id,)
            ).fetchone()
            read = read.plus(Totals(1, events, size))
            if zlib.crc32(body) == checksum:
                loaded.append(LoadedRow(row_id, tuple(body.split(b"\n"))))
            else:
                damaged.append((row_id, events))
        if damaged:
            self.delete(row_id for row_id, _ in damaged)
        if chosen:
            self.last_read = chosen[-1][0]
            self._taken = {row_id for row_id in self._taken if row_id > self.last_read}
            self.unread = self.unread.minus(read)
        return loaded, sum(events for _, events in damaged)

    def delete(self, row_ids: Iterable[int]) -> None:
        """Delete rows whose events are in memory, or that are gone already."""
        chosen = tuple(row_ids)
        with transaction(self._connection):
            self._connection.executemany("DELETE FROM batches WHERE id = ?", zip(chosen))
        self._taken.difference_update(chosen)

    def drop_oldest(self, max_bytes: int, oldest_ms: int) -> Dropped:
        """Delete the oldest rows until the others have at most so many bytes and are young enough.

        Rows whose events are in memory wait for the end of their upload, and stay.
        """
        held = self.unread.bytes + self.quarantined.bytes
        doomed, full, expired = [], 0, 0
        quarantined = f"state = '{State.QUARANTINED}'"
        for row in self._select(f"WHERE ({self._is_unread}) OR {quarantined}"):
            if held > max_bytes:
                full += row.events
            elif row.written_ms < oldest_ms:
                expired += row.events
            else:
                break
            held -= row.bytes
            doomed.append(row)
        if doomed:
            self.delete(row.row_id for row in doomed)
            for row in doomed:
                self._forget(row)
        return Dropped(full, expired)

    def rows(self, state: State | None = None) -> Iterator[Row]:
        """The rows, oldest first."""
        where, values = ("WHERE state = ?", (state,)) if state else ("", ())
        return self._select(where, values)

    def find(self, row_id: int) -> Row | None:
        """The row, if it is there."""
        return next(self._select("WHERE id = ?", (row_id,)), None)

    def events_of(self, row_id: int) -> tuple[bytes, ...]:
        """The events of an existing row."""
        (body,) = self._connection.execute(
            "SELECT body FROM batches WHERE id = ?", (row_id,)
        ).fetchone()
        return tuple(body.split(b"\n"))

    def retry(self, row_ids: Sequence[int], now_ms: int) -> None:
        """Make quarantined rows pending again, behind all other rows."""
        with transaction(self._connection):
            for row_id in row_ids:
                # With a new id, because a running adapter looks only for higher ids.
                self._connection.execute(
                    "INSERT INTO batches (state, reason, written_ms, events, bytes, checksum, body)"
                    " SELECT ?, '', ?, events, bytes, checksum, body FROM batches WHERE id = ?",
                    (State.PENDING, now_ms, row_id),
                )
                self._connection.execute("DELETE FROM batches WHERE id = ?", (row_id,))

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def _pass(self, row_id: int) -> None:
        """Remember that the events of the newest row are in memory."""
        self._taken.add(row_id)
        (earlier,) = self._connection.execute(
            f"SELECT EXISTS (SELECT 1 FROM batches WHERE {self._is_unread} AND id < {row_id})"  # noqa: S608 - see there
        ).fetchone()
        if not earlier:
            self.last_read = row_id
            self._taken.clear()

    def _next_rows(self, limit: BatchLimit) -> list[tuple[int, int, int, int]]:
        chosen: list[tuple[int, int, int, int]] = []
        events = size = 0
        for row in self._connection.execute(
            f"SELECT id, events, bytes, checksum FROM batches WHERE {self._is_unread} ORDER BY id"  # noqa: S608 - see there
        ):
            chosen.append(row)
            events, size = events + row[1], size + row[2]
            if events >= limit.events or size >= limit.bytes:
                break
        return chosen

    @property
    def _is_unread(self) -> str:
        """An SQL condition, made of numbers of ours."""
        taken = ", ".join(map(str, self._taken))
        return f"state = '{State.PENDING}' AND id > {self.last_read} AND id NOT IN ({taken})"

    def _select(self, where: str, values: Sequence[object] = ()) -> Iterator[Row]:
        found = self._connection.execute(
            f"SELECT id, state, reason, written_ms, events, bytes FROM batches {where} ORDER BY id",  # noqa: S608 - `where` is one of the texts above
            values,
        )
        return (Row(row_id, State(state), *rest) for row_id, state, *rest in found)

    def _forget(self, row: Row) -> None:
        totals = Totals(1, row.events, row.bytes)
        if row.state is State.PENDING:
            self.unread = self.unread.minus(totals)
        else:
            self.quarantined = self.quarantined.minus(totals)

    def _count(self) -> None:
        self.unread = self._sum(self._is_unread)
        self.quarantined = self._sum(f"state = '{State.QUARANTINED}'")

    def _sum(self, condition: str) -> Totals:
        return Totals(*self._connection.execute(f"{_SUMS} WHERE {condition}").fetchone())

    def _data_version(self) -> int:
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)
