"""Syncs that somebody asks for, such as an operator by SIGHUP or `POST /sync`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from adapter.policy.snapshot import Snapshot
from adapter.runtime.clock import Clock, MonotonicTime

_GATHERING_S: Final = 0.05
"""Requests within this time share one sync."""
_SHORTEST_INTERVAL_S: Final = 1.0
"""Between two syncs."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync that was asked for did."""

    revision: int
    """Of the snapshot after it."""
    changed_apis: tuple[str, ...]
    """API instances that are new in the snapshot, or not the same as before."""
    removed_apis: tuple[str, ...]
    failures: Mapping[str, str]
    """What could not be polled, and why."""

    @classmethod
    def of(cls, before: Snapshot, after: Snapshot, failures: Mapping[str, str]) -> "SyncReport":
        """The report of a sync that turned one snapshot into the other."""
        return cls(
            revision=after.revision,
            changed_apis=tuple(i for i, api in after.apis.items() if before.apis.get(i) is not api),
            removed_apis=tuple(i for i in before.apis if i not in after.apis),
            failures=failures,
        )


class SyncOnDemand:
    """Runs at most one sync a second, however many are asked for.

    A caller gets the report of a sync that begins after the question, so it shows every change
    that was made on the platform before. Questions that wait for the same sync share it.
    """

    def __init__(self, sync: Callable[[], Awaitable[SyncReport]], clock: Clock) -> None:
        self._sync = sync
        self._clock = clock
        self._next: asyncio.Task[SyncReport] | None = None
        self._running = asyncio.Lock()
        self._not_before = MonotonicTime(float("-inf"))
        self._tasks: set[asyncio.Task[SyncReport]] = set()

    async def sync(self) -> SyncReport:
        """Have everything polled now, and return what came of it."""
        if self._next is None:
            self._next = asyncio.create_task(self._run(), name="sync_on_demand")
            self._tasks.add(self._next)
            self._next.add_done_callback(self._tasks.discard)
        # Shielded, because one who leaves must not end the sync of the others.
        return await asyncio.shield(self._next)

    async def close(self) -> None:
        """End a sync that runs or waits."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self) -> SyncReport:
        async with self._running:
            wait_s = max(_GATHERING_S, self._not_before - self._clock.monotonic())
            await self._clock.sleep(wait_s)
            self._next = None
            self._not_before = MonotonicTime(self._clock.monotonic() + _SHORTEST_INTERVAL_S)
            return await self._sync()
