"""Keeps the disk copy up to date without delaying the sync."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from adapter.platform_client.disk.copy import DiskCopy
from adapter.platform_client.disk.format import StoredCatalog
from adapter.platform_client.disk.observer import DiskObserver
from adapter.runtime.clock import Clock
from adapter.runtime.system_errors import system_words

_PAUSE_S: Final = 1.0


class DiskSaving:
    """Writes after changes, in a thread. Changes that come fast are written together.

    `catalog` returns what to save, or None if there is nothing yet. Without a `disk`, nothing is
    saved or restored.
    """

    def __init__(
        self,
        disk: DiskCopy | None,
        catalog: Callable[[], StoredCatalog | None],
        clock: Clock,
        observer: DiskObserver,
    ) -> None:
        self.alarm: str | None = None
        """What is wrong with the disk copy; None if nothing is."""
        self._disk = disk
        self._catalog = catalog
        self._clock = clock
        self._observer = observer
        self._unsaved = asyncio.Event()

    async def restore(self) -> StoredCatalog | None:
        """Return what the disk copy holds. One that cannot be used is renamed, and is an alarm."""
        if self._disk is None:
            return None
        found = await asyncio.to_thread(self._disk.read)
        if found.alarm is not None:
            self.alarm = found.alarm
            self._observer.disk_rejected()
            structlog.get_logger().error("platform.disk_copy_unusable", reason=found.alarm)
        return found.catalog

    def note_change(self) -> None:
        """Note that there is something new to save."""
        self._unsaved.set()

    async def run(self) -> None:
        """Save what is new until cancelled."""
        while True:
            await self._unsaved.wait()
            await self.save(slowly=True)
            await self._clock.sleep(_PAUSE_S)

    async def save(self, *, slowly: bool = False) -> None:
        """Write if anything is new. A disk that fails is an alarm, and does not stop the sync."""
        catalog = self._catalog()
        if self._disk is None or catalog is None or not self._unsaved.is_set():
            return
        self._unsaved.clear()
        try:
            byte_count = await asyncio.to_thread(self._disk.write, catalog, slowly=slowly)
        except OSError as e:
            self._unsaved.set()
            self._note_failure(f"the disk copy cannot be written: {system_words(e)}")
        else:
            self.alarm = None
            self._observer.disk_written(byte_count)

    def _note_failure(self, alarm: str) -> None:
        self._observer.disk_failed()
        if alarm != self.alarm:
            structlog.get_logger().error("platform.disk_copy_failed", reason=alarm)
        self.alarm = alarm
