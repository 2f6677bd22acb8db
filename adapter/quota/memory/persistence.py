"""Keeps the windows of this process over a restart."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Final

import structlog

from adapter.policy.effects.quota import QuotaWindow
from adapter.quota.memory.store import MemoryQuotaStore
from adapter.quota.memory.window_file import WindowFile, WindowRow, encode_rows
from adapter.quota.memory.windows import FixedWindow
from adapter.quota.names import WindowNames
from adapter.runtime.clock import Clock, MonotonicTime, WallTime
from adapter.runtime.fairness import in_slices, rest_after
from adapter.runtime.system_errors import system_words

_SLICE: Final = 256
"""Windows to encode at once: they take a third of a millisecond (measured)."""

_SHARE: Final = 1 / 20
"""Most of the time that writing may take. Very many windows are therefore written less often."""


class QuotaPersistence:
    """Writes the store's windows every few seconds, and reads them at the start.

    Windows are encoded on the event loop, and Checks run in between. In a thread, encoding would
    keep the interpreter's lock, and Checks would wait. The file itself is written in a thread. A
    `kill -9` loses what was counted since the last write.
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
        """Windows of earlier processes for which the file had no room."""
        self.alarm: str | None = None
        """A message for operators: the file could not be used, or the latest write failed."""

    async def restore(self) -> None:
        """Let the store continue from the file. A file that cannot be used only sets `alarm`."""
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
        """Write regularly until cancelled. A write that fails is counted and repeated next time."""
        pause_s = self._interval_s
        while True:
            await self._clock.sleep(pause_s)
            started = self._clock.monotonic()
            await self.write()
            took_s = self._clock.monotonic() - started
            pause_s = max(self._interval_s, rest_after(took_s, _SHARE))

    async def write(self) -> None:
        """Write the file if anything has changed. To be called at the end, too."""
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
        """The earlier windows not used yet, as far as there is room; then the store's own.

        The order matters: the store may take over an earlier window meanwhile, and of two rows with
        the same name a reader takes the second.
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
        alarm = f"the quota file cannot be written: {system_words(error)}"
        if alarm != self.alarm:
            structlog.get_logger().error("quota.file_failed", error=system_words(error))
        self.alarm = alarm


class StoredWindows:
    """The `EarlierWindows` of a file. Their ends are converted by the clocks at the start."""

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
        """The number of windows."""
        return len(self._rows)

    def find(self, key: QuotaWindow, now: MonotonicTime) -> FixedWindow | None:
        """See `EarlierWindows.find`. It lasts at most one period, even if the clock was set."""
        row = self._rows.get(self._names.name(key))
        if row is None:
            return None
        ends_at = min(row.ends_at_ms / 1000 + self._monotonic_of_epoch, now + key[1] / 1000)
        return FixedWindow(key, MonotonicTime(ends_at), row.used) if ends_at > now else None

    @property
    def rows(self) -> tuple[WindowRow, ...]:
        """The windows, as rows of a file."""
        return tuple(self._rows.values())

    def forget(self, key: QuotaWindow) -> None:
        """See `EarlierWindows.forget`."""
        self._rows.pop(self._names.name(key), None)

    def forget_ended(self, now: WallTime) -> None:
        """Drop windows that have ended."""
        now_ms = now * 1000
        self._rows = {name: row for name, row in self._rows.items() if row.ends_at_ms > now_ms}
