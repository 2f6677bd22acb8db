"""Keeps the snapshot up to date with the platform.

To understand the sync, read this file first and then go down. The loops here call the polls in
`polls`. Each poll takes the same steps: fetch and translate (`fetch`), take over (`tracked_api`,
`environment`), compile and publish (`publication`), save (`disk.saving`).
"""

import asyncio
import random
from functools import partial

from adapter.authorization.snapshot_store import SnapshotStore
from adapter.platform_client.disk.copy import DiskCopy
from adapter.platform_client.disk.format import StoredCatalog
from adapter.platform_client.disk.saving import DiskSaving
from adapter.platform_client.protocol.platform_client import PlatformClient
from adapter.platform_client.sync.observer import SyncObserver
from adapter.platform_client.sync.options import SyncOptions
from adapter.platform_client.sync.poll_loop import PollLoop
from adapter.platform_client.sync.polls import Polls
from adapter.platform_client.sync.sync_on_demand import SyncReport
from adapter.platform_client.sync.synced_state import SyncedState
from adapter.platform_client.sync.tracked_api import TrackedApi
from adapter.runtime import garbage
from adapter.runtime.backoff import Jitter
from adapter.runtime.clock import Clock
from adapter.runtime.spans import Tracer


class PlatformSync(SyncedState):
    """Polls the platform until cancelled, and publishes what is new.

    Every API has its own loop, interval and back-off, so that one in trouble delays no other. The
    list of instances, the automated policies and the disk copy have loops of their own, too.
    """

    def __init__(
        self,
        client: PlatformClient,
        snapshots: SnapshotStore,
        options: SyncOptions,
        clock: Clock,
        *,
        disk: DiskCopy | None = None,
        observer: SyncObserver | None = None,
        tracer: Tracer | None = None,
        jitter: Jitter = random.random,
    ) -> None:
        observer = observer or SyncObserver()
        super().__init__(snapshots, options, clock, observer, jitter)
        self._polls_list = options.apis is None
        self._saving = DiskSaving(disk, self._stored, clock, observer)
        self._polls = Polls(
            client,
            self.environment,
            self.apis,
            self.publication,
            options=options,
            observer=observer,
            tracer=tracer or Tracer(),
            changed=self._saving.note_change,
        )
        self._restored = False
        self._client = client
        self._running = asyncio.Event()
        self._list_loops: tuple[PollLoop, ...] = ()
        self._api_loops: dict[TrackedApi, PollLoop] = {}

    async def run(self) -> None:
        """Publish the disk copy, then sync until cancelled; saves what is new at the end."""
        await self.restore()
        try:
            async with asyncio.TaskGroup() as tasks:
                self._start_list_loops(tasks)
                self._start_api_loops(tasks)
                tasks.create_task(self._saving.run())
                self._running.set()
        finally:
            self._running.clear()
            self._api_loops.clear()
            await self._saving.save()

    async def sync_now(self) -> SyncReport:
        """Have each loop poll at once, without waiting for any back-off; `run` must be running.

        New APIs of the environment are polled, too. Raises nothing: the report has the failures.
        """
        await self._running.wait()
        before = self._snapshots.current
        self._client.forget_failure()
        await asyncio.gather(*[loop.now() for loop in self._list_loops])
        await asyncio.gather(*[loop.now() for loop in tuple(self._api_loops.values())])
        return SyncReport.of(before, self._snapshots.current, self.environment.outages.failures)

    async def sync_once(self) -> None:
        """Poll everything once, without waiting for any back-off, and save what is new."""
        await self._polls.automated()
        if self._polls_list:
            await self._polls.instances()
        await asyncio.gather(*map(self._polls.api, self.apis))
        await self._saving.save()

    async def restore(self) -> None:
        """Publish the disk copy, the first time this is called; an unusable one is set aside."""
        if self._restored:
            return
        self._restored = True
        with garbage.nothing_to_collect():
            catalog = await self._saving.restore()
            if catalog is not None:
                await self._take_over_stored(catalog)

    async def _take_over_stored(self, catalog: StoredCatalog) -> None:
        self.environment.automated = catalog.automated
        for stored in catalog.apis:
            self.apis.restore(stored)
        self.environment.instances_known = True
        await self._polls.publish_in_turns(self.apis)

    # Loops.

    def _start_list_loops(self, tasks: asyncio.TaskGroup) -> None:
        """Poll the automated policies and, unless the operator lists the APIs, the instances."""

        async def instances() -> float:
            wait_s = await self._polls.instances()
            self._start_api_loops(tasks)
            return wait_s

        polls = (instances, self._polls.automated) if self._polls_list else (self._polls.automated,)
        self._list_loops = tuple(PollLoop(poll, self._clock) for poll in polls)
        for loop in self._list_loops:
            tasks.create_task(loop.run())

    def _start_api_loops(self, tasks: asyncio.TaskGroup) -> None:
        for api in self.apis:
            if api not in self._api_loops:
                loop = PollLoop(
                    partial(self._polls.api, api),
                    self._clock,
                    partial(self.apis.__contains__, api),
                )
                self._api_loops[api] = loop
                tasks.create_task(self._run_api_loop(api, loop))

    async def _run_api_loop(self, api: TrackedApi, loop: PollLoop) -> None:
        await loop.run()
        self._api_loops.pop(api, None)

    @property
    def other_alarm(self) -> str | None:
        """See `SyncedState`: what is wrong with the disk copy."""
        return self._saving.alarm

    def _stored(self) -> StoredCatalog | None:
        """What the disk copy should hold; nothing while the automated policies are unknown."""
        automated = self.environment.automated
        return None if automated is None else StoredCatalog(automated, self.apis.stored())
