"""Keeps the windows of the memory store over a restart."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Final

import structlog

from adapter.policy.effects import QuotaWindow
from adapter.quota.memory.store import MemoryQuotaStore
from adapter.quota.memory.window_file import WindowFile, WindowRow, encode_rows
from adapter.quota.memory.windows import Window
from adapter.quota.names import WindowNames
from adapter.runtime.clock import Clock, MonotonicTime, WallTime
from adapter.runtime.fairness import in_slices, rest_after

_SLICE: Final = 256
"""Windows to encode at once: they take a third of a millisecond (measured)."""

_SHARE: Final = 1 / 20
"""Most of the time that writing may take. Very many windows are therefore written less often."""


class QuotaPersistence:
    """Writes the store's windows every few seconds, and reads them at the start.

    Windows are encoded on the event loop, in slices between Checks (a thread would hold them up by
    the interpreter's lock), and written in a thread. What a `kill -9` loses is what was counted
    since the last write.
    """

    def __init__(
        self,
        store: MemoryQuotaStore,
        file: WindowFile,
        names: WindowNames,
        clock: Clock,
        *,
        interval_s: float,
    ) -> None:
        self._store = store
        self._file = file
        self._names = names
        self._clock = clock
        self._interval_s = interval_s
        self._earlier: StoredWindows | None = None
        self._written_at_charge = 0
        self._writing = asyncio.Lock()
        self.failures = 0
        """Writes that failed."""
        self.left_out = 0
        """Windows of earlier processes that did not fit into a file beside those of this one."""
        self.alarm: str | None = None
        """What an operator should know: an unusable file, or the failure of the latest write."""

    async def restore(self) -> None:
        """Let the store count on from the file; one that cannot be used raises an alarm only."""
        found = await asyncio.to_thread(self._file.read, self._clock.now())
        if found.alarm:
            self.alarm = found.alarm
            structlog.get_logger().error("quota.file_rejected", alarm=found.alarm)
        self._earlier = StoredWindows(
            found.rows, self._names, self._clock.now(), self._clock.monotonic()
        )
        if len(self._earlier):
            self._store.restore(self._earlier)
            structlog.get_logger().info("quota.windows_restored", windows=len(self._earlier))

    async def run(self) -> None:
        """Write for ever; a write that fails is counted and tried again with the next."""
        pause_s = self._interval_s
        while True:
            await self._clock.sleep(pause_s)
            started = self._clock.monotonic()
            await self.write()
            took_s = self._clock.monotonic() - started
            pause_s = max(self._interval_s, rest_after(took_s, _SHARE))

    async def write(self) -> None:
        """Write what has changed, if anything has; call it once more at the end."""
        async with self._writing:
            charges = self._store.charges
            if charges == self._written_at_charge:
                return
            rows = await self._encoded()
            try:
                await asyncio.to_thread(self._file.write, rows)
            except OSError as e:
                self._note_failure(e)
            else:
                self._written_at_charge = charges
                self.alarm = None

    async def _encoded(self) -> bytes:
        self._forget_ended()
        return b"".join([encode_rows(rows) async for rows in in_slices(self._rows(), _SLICE)])

    def _rows(self) -> Iterator[WindowRow]:
        """Earlier windows that nobody has asked for yet, as far as there is room; then those here.

        In this order, because of two rows with one name a reader takes the latter, and a window may
        be taken over meanwhile.
        """
        now, now_ms = self._clock.monotonic(), self._clock.now() * 1000
        windows = self._store.windows
        keys = tuple(windows)
        earlier = self._earlier.rows if self._earlier is not None else ()
        room = max(0, self._file.max_windows - len(keys))
        self.left_out += max(0, len(earlier) - room)
        yield from earlier[:room]
        for key in keys:
            window = windows.get(key)
            if window is not None and window.ends_at > now:
                ends_at_ms = round(now_ms + (window.ends_at - now) * 1000)
                yield WindowRow(self._names.name(key), ends_at_ms, window.used)

    def _forget_ended(self) -> None:
        if self._earlier is not None:
            self._earlier.forget_ended(self._clock.now())
            if not len(self._earlier):
                self._earlier = None
                self._store.restore(None)

    def _note_failure(self, error: OSError) -> None:
        self.failures += 1
        alarm = f"the quota file cannot be written: {error}"
        if alarm != self.alarm:
            structlog.get_logger().error("quota.file_failed", error=str(error))
        self.alarm = alarm


class StoredWindows:
    """An `EarlierWindows` read from a file; wall times are read by the clocks of the start."""

    def __init__(
        self,
        rows: Mapping[bytes, WindowRow],
        names: WindowNames,
        now: WallTime,
        monotonic: MonotonicTime,
    ) -> None:
        self._names = names
        self._monotonic_of_epoch = monotonic - now
        self._rows = dict(rows)
        self.forget_ended(now)

    def __len__(self) -> int:
        """How many are held."""
        return len(self._rows)

    def find(self, key: QuotaWindow, now: MonotonicTime) -> Window | None:
        """See `EarlierWindows.find`; never lasts longer than a period, whatever the clock did."""
        row = self._rows.get(self._names.name(key))
        if row is None:
            return None
        ends_at = min(row.ends_at_ms / 1000 + self._monotonic_of_epoch, now + key[1] / 1000)
        return Window(key, MonotonicTime(ends_at), row.used) if ends_at > now else None

    @property
    def rows(self) -> tuple[WindowRow, ...]:
        """What is held."""
        return tuple(self._rows.values())

    def forget(self, key: QuotaWindow) -> None:
        """See `EarlierWindows.forget`."""
        self._rows.pop(self._names.name(key), None)

    def forget_ended(self, now: WallTime) -> None:
        """Drop what has ended."""
        now_ms = now * 1000
        self._rows = {name: row for name, row in self._rows.items() if row.ends_at_ms > now_ms}
