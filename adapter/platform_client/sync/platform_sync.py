"""Keeps the snapshot up to date with the platform.

To understand the sync, read this file first and then go down. The loops here call the polls in
`polls`. Each poll takes the same steps: fetch and translate (`fetch`), take over (`tracked_api`,
`environment`), compile and publish (`publication`), save (`disk.saving`).
"""

import asyncio
import random
from collections.abc import Iterator
from functools import partial

from adapter.authorization.snapshot_store import SnapshotStore
from adapter.platform_client.disk.copy import DiskCopy
from adapter.platform_client.disk.format import StoredCatalog
from adapter.platform_client.disk.saving import DiskSaving
from adapter.platform_client.protocol.platform_client import PlatformClient
from adapter.platform_client.sync.environment import Environment
from adapter.platform_client.sync.observer import SyncObserver
from adapter.platform_client.sync.options import SyncOptions
from adapter.platform_client.sync.poll_loop import PollLoop
from adapter.platform_client.sync.polls import Polls
from adapter.platform_client.sync.publication import Publication
from adapter.platform_client.sync.status import (
    ApiStatus,
    SyncStatus,
    api_status,
    is_settled,
    sync_alarms,
    sync_status,
)
from adapter.platform_client.sync.sync_on_demand import SyncReport
from adapter.platform_client.sync.tracked_api import TrackedApi
from adapter.platform_client.sync.tracked_apis import TrackedApis
from adapter.policy.rule_pool import RulePool
from adapter.policy.snapshot import build_api
from adapter.runtime import garbage
from adapter.runtime.backoff import Jitter
from adapter.runtime.clock import Clock, WallTime


class PlatformSync:
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
        jitter: Jitter = random.random,
    ) -> None:
        observer = observer or SyncObserver()
        compile_api = partial(
            build_api,
            pool=RulePool(),
            ignored_types=options.ignored_policy_types,
            own_headers=options.own_headers,
            objection=options.objection,
        )
        self._clock = clock
        self._polls_list = options.apis is None
        self._environment = Environment(options, clock, jitter)
        self._apis = TrackedApis(options, clock, jitter)
        self._publication = Publication(snapshots, compile_api, self._environment, observer)
        self._saving = DiskSaving(disk, self._stored, clock, observer)
        self._polls = Polls(
            client,
            self._environment,
            self._apis,
            self._publication,
            options=options,
            observer=observer,
            changed=self._saving.note_change,
        )
        self._restored = False
        self._client = client
        self._snapshots = snapshots
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
        after = self._snapshots.current
        return SyncReport(
            revision=after.revision,
            changed_apis=tuple(i for i, api in after.apis.items() if before.apis.get(i) is not api),
            removed_apis=tuple(i for i in before.apis if i not in after.apis),
            failures=self._environment.outages.failures,
        )

    async def sync_once(self) -> None:
        """Poll everything once, without waiting for any back-off, and save what is new."""
        await self._polls.automated()
        if self._polls_list:
            await self._polls.instances()
        await asyncio.gather(*map(self._polls.api, self._apis))
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
        self._environment.automated = catalog.automated
        for stored in catalog.apis:
            self._apis.restore(stored)
        self._environment.instances_known = True
        await self._polls.publish_in_turns(self._apis)

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
        for api in self._apis:
            if api not in self._api_loops:
                loop = PollLoop(
                    partial(self._polls.api, api),
                    self._clock,
                    partial(self._apis.__contains__, api),
                )
                self._api_loops[api] = loop
                tasks.create_task(self._run_api_loop(api, loop))

    async def _run_api_loop(self, api: TrackedApi, loop: PollLoop) -> None:
        await loop.run()
        self._api_loops.pop(api, None)

    def _stored(self) -> StoredCatalog | None:
        """What the disk copy should hold; nothing while the automated policies are unknown."""
        automated = self._environment.automated
        return None if automated is None else StoredCatalog(automated, self._apis.stored())

    # What others ask.

    @property
    def reached_platform(self) -> bool:
        """Whether the platform has given any good answer since the start."""
        return self._environment.reached_platform

    @property
    def all_settled(self) -> bool:
        """Whether the APIs are known, and each is loaded or has definitely failed."""
        return self._environment.instances_known and all(
            is_settled(api, self._environment, self._publication) for api in self._apis
        )

    def last_contact(self) -> WallTime | None:
        """When the platform last gave a good answer since the start; cheap enough for a Check."""
        return self._environment.last_contact

    def synced_at(self, api_id: str) -> WallTime | None:
        """When the platform last confirmed the content of that API, possibly as not modified."""
        api = self._apis.get(api_id)
        return api.poll_state.confirmed_at if api is not None else None

    @property
    def alarms(self) -> tuple[str, ...]:
        """What goes wrong with the platform or the disk, as in `status`."""
        return sync_alarms(self._environment, self._saving.alarm)

    @property
    def environment_revisions(self) -> tuple[int | None, int | None]:
        """The revisions of the automated policies and of the list of API instances."""
        return self._environment.automated_revision, self._environment.instances_revision

    def api_statuses(self) -> Iterator[ApiStatus]:
        """How each API is doing, made one at a time: all of them together take long."""
        for api in tuple(self._apis):
            in_force = self._publication.in_force(api.api_id)
            yield api_status(api, in_force, self._environment, self._clock.now())

    def status(self) -> SyncStatus:
        """How all of it is doing."""
        return sync_status(
            self._environment,
            tuple(self._apis),
            self._publication,
            all_settled=self.all_settled,
            disk_alarm=self._saving.alarm,
            now=self._clock.now(),
        )
