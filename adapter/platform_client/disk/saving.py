"""Keeps the disk copy up to date without ever holding up the sync."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from adapter.platform_client.disk.copy import DiskCopy
from adapter.platform_client.disk.format import StoredCatalog
from adapter.platform_client.disk.observer import DiskObserver
from adapter.runtime.clock import Clock

_PAUSE_S: Final = 1.0


class DiskSaving:
    """Writes after changes, several of them at once if they come fast; blocks only a thread.

    `catalog` gives what there is to save, or None while that is nothing. Without a `disk` all of
    this does nothing.
    """

    def __init__(
        self,
        disk: DiskCopy | None,
        catalog: Callable[[], StoredCatalog | None],
        clock: Clock,
        observer: DiskObserver,
    ) -> None:
        self.alarm: str | None = None
        """What is wrong with the disk copy now."""
        self._disk = disk
        self._catalog = catalog
        self._clock = clock
        self._observer = observer
        self._unsaved = asyncio.Event()

    async def restore(self) -> StoredCatalog | None:
        """What the disk copy holds; an unusable one is set aside, and is an alarm."""
        if self._disk is None:
            return None
        found = await asyncio.to_thread(self._disk.read)
        if found.alarm is not None:
            self.alarm = found.alarm
            self._observer.disk_rejected()
            structlog.get_logger().error("platform.disk_copy_unusable", reason=found.alarm)
        return found.catalog

    def note_change(self) -> None:
        """There is something new to save."""
        self._unsaved.set()

    async def run(self) -> None:
        """Save what is new, for ever."""
        while True:
            await self._unsaved.wait()
            await self.save(in_haste=False)
            await self._clock.sleep(_PAUSE_S)

    async def save(self, *, in_haste: bool = True) -> None:
        """Write if anything is new; a failing disk is an alarm, not a stop."""
        catalog = self._catalog()
        if self._disk is None or catalog is None or not self._unsaved.is_set():
            return
        self._unsaved.clear()
        try:
            byte_count = await asyncio.to_thread(self._disk.write, catalog, in_haste=in_haste)
        except OSError as e:
            self._unsaved.set()
            self._note_failure(f"the disk copy cannot be written: {e}")
        else:
            self.alarm = None
            self._observer.disk_written(byte_count)

    def _note_failure(self, alarm: str) -> None:
        self._observer.disk_failed()
        if alarm != self.alarm:
            structlog.get_logger().error("platform.disk_copy_failed", reason=alarm)
        self.alarm = alarm
