"""Keeps the snapshot in step with the platform."""

import asyncio
import random
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Final

from adapter.authorization.snapshot_store import SnapshotStore
from adapter.errors import PlatformNotFoundError
from adapter.platform_client.disk.copy import DiskCopy
from adapter.platform_client.disk.format import StoredCatalog
from adapter.platform_client.disk.saving import DiskSaving
from adapter.platform_client.options import PlatformOptions
from adapter.platform_client.protocol.platform_client import PlatformClient
from adapter.platform_client.sync.environment_sync import EnvironmentSync
from adapter.platform_client.sync.observer import PollKind, SyncObserver
from adapter.platform_client.sync.poll_state import Course
from adapter.platform_client.sync.publication import Publication
from adapter.platform_client.sync.status import PollRecord, SyncStatus
from adapter.platform_client.sync.tracked_apis import TrackedApi, TrackedApis
from adapter.policy.rule_pool import RulePool
from adapter.policy.snapshot import build_api
from adapter.runtime import garbage
from adapter.runtime.backoff import Backoff, Jitter
from adapter.runtime.clock import Clock, WallTime

_MOST_ALARMS: Final = 50
_POLLS_FOR_A_REQUEST: Final = 2
"""Polls under way for each request that may be: one asks while another is read."""


class PlatformSync:
    """Polls the platform for ever and publishes what is new.

    Every API has its own loop, pace and backoff, so that one in trouble delays no other; so have
    the list of instances, the automated policies, and the disk copy. States are taken over between
    two awaits, so that nobody sees half of one.
    """

    def __init__(
        self,
        client: PlatformClient,
        snapshots: SnapshotStore,
        options: PlatformOptions,
        clock: Clock,
        *,
        disk: DiskCopy | None = None,
        observer: SyncObserver | None = None,
        jitter: Jitter = random.random,
    ) -> None:
        self._options = options
        self._clock = clock
        self._observer = observer or SyncObserver()
        self._jitter = jitter
        self._environment = EnvironmentSync(client, options.environment_id)
        self._automated = self._course("automated_policies")
        self._instances = self._course("instances")
        self._apis = TrackedApis(
            client,
            environment=self._environment,
            automated_record=self._automated.record,
            publication=Publication(
                snapshots,
                partial(
                    build_api,
                    pool=RulePool(),
                    ignored_types=options.ignored_policy_types,
                    own_headers=options.own_headers,
                ),
                self._observer,
            ),
            options=options,
            clock=clock,
            observer=self._observer,
            jitter=jitter,
        )
        # So that a poll that has begun is soon through, be there ever so many: what came waits for
        # what is still to come.
        self._places = asyncio.Semaphore(_POLLS_FOR_A_REQUEST * options.concurrency)
        self._catching_up = asyncio.Lock()
        self._apis_known = options.apis is not None
        self._last_contact: WallTime | None = None
        self._saving = DiskSaving(disk, self._stored, clock, self._observer)
        self._restored = False

    async def run(self) -> None:
        """Publish the disk copy, then sync until cancelled; saves what is new at the end."""
        await self.restore()
        try:
            async with asyncio.TaskGroup() as loops:
                if self._options.apis is None:
                    loops.create_task(self._instances_loop(loops))
                loops.create_task(self._automated_loop())
                self._start_loops(loops)
                loops.create_task(self._saving.run())
        finally:
            for tracked in self._apis:
                tracked.polled_by_loop = False
            await self._saving.save()

    async def sync_once(self) -> None:
        """Poll everything once, whatever its backoff says, and save what is new."""
        await self._poll_automated()
        if self._options.apis is None:
            await self._poll_instances()
        await asyncio.gather(*(self._poll(tracked) for tracked in self._apis))
        await self._saving.save()

    async def restore(self) -> None:
        """Publish the disk copy, the first time this is called; an unusable one is set aside."""
        if self._restored:
            return
        self._restored = True
        with garbage.nothing_to_collect():
            await self._restore()

    async def _restore(self) -> None:
        catalog = await self._saving.restore()
        if catalog is None:
            return
        self._environment.automated = catalog.automated
        for stored in catalog.apis:
            self._apis.restore(stored)
        self._apis_known = True
        await self._apis.publish_all(reached=False)

    # What others ask.

    @property
    def reached_platform(self) -> bool:
        """Whether the platform has given any good answer since the start."""
        return self._last_contact is not None

    @property
    def all_settled(self) -> bool:
        """Whether the APIs are known, and each is loaded or has definitely failed."""
        return self._apis_known and all(map(self._apis.settled, self._apis))

    def last_contact(self) -> WallTime | None:
        """When the platform last gave a good answer since the start; cheap enough for a Check."""
        return self._last_contact

    def synced_at(self, api_id: str) -> WallTime | None:
        """When the platform last confirmed the content of that API, be it as unchanged."""
        tracked = self._apis.get(api_id)
        return tracked.course.record.confirmed_at if tracked is not None else None

    def status(self) -> SyncStatus:
        """How all of it is doing."""
        courses = (self._automated, self._instances, *(tracked.course for tracked in self._apis))
        failures = [course.record.failed_at for course in courses]
        return SyncStatus(
            reached_platform=self.reached_platform,
            all_settled=self.all_settled,
            last_success_at=self._last_contact,
            last_failure_at=max((at for at in failures if at is not None), default=None),
            alarms=tuple(islice(self._alarms(), _MOST_ALARMS)),
            apis=tuple(map(self._apis.status_of, self._apis)),
        )

    def _alarms(self) -> Iterator[str]:
        for name, course in (
            ("automated policies", self._automated),
            ("API instances", self._instances),
        ):
            if course.record.last_error is not None:
                yield f"{name}: {course.record.last_error}"
        if self._saving.alarm is not None:
            yield self._saving.alarm
        yield from self._environment.complaints.current
        for tracked in self._apis:
            if tracked.course.record.last_error is not None:
                yield f"API {tracked.sync.api_id}: {tracked.course.record.last_error}"

    # Loops and polls. A poll returns the seconds until the next one.

    async def _instances_loop(self, loops: asyncio.TaskGroup) -> None:
        while True:
            delay_s = await self._poll_instances()
            self._start_loops(loops)
            await self._clock.sleep(delay_s)

    async def _automated_loop(self) -> None:
        while True:
            await self._clock.sleep(await self._poll_automated())

    def _start_loops(self, loops: asyncio.TaskGroup) -> None:
        for tracked in self._apis:
            if not tracked.polled_by_loop:
                tracked.polled_by_loop = True
                loops.create_task(self._api_loop(tracked))

    async def _api_loop(self, tracked: TrackedApi) -> None:
        while self._apis.get(tracked.sync.api_id) is tracked:
            await self._clock.sleep(await self._poll(tracked))

    async def _poll(self, tracked: TrackedApi) -> float:
        error: Exception | None
        try:
            async with self._places:
                changed, error = await tracked.sync.poll()
        except Exception as e:
            changed, error = False, e
        delay_s = self._note(tracked.course, error, unconfirmed=tracked.sync.unconfirmed)
        if error is None:
            await self._catch_up()
        if changed or not self._apis.settled(tracked):
            self._apis.publish(tracked, reached=self.reached_platform)
        if changed:
            self._saving.note_change()
        return delay_s

    async def _catch_up(self) -> None:
        """Ask for the automated policies while they are unknown, for the platform has answered.

        Every API is closed without them, and they may be in the midst of a long wait after an
        outage.
        """
        async with self._catching_up:
            if self._environment.automated is None:
                await self._poll_automated()

    async def _poll_automated(self) -> float:
        try:
            changed = await self._environment.poll_automated()
        except Exception as e:
            return self._note(self._automated, e)
        delay_s = self._note(self._automated, None, unconfirmed=self._environment.unconfirmed)
        if changed:
            await self._apis.publish_all(reached=self.reached_platform)
            self._saving.note_change()
        return delay_s

    async def _poll_instances(self) -> float:
        try:
            instances = await self._environment.instances()
        except Exception as e:
            return self._note(self._instances, e)
        self._note(self._instances, None)
        await self._catch_up()
        changed = await self._apis.reconcile(instances, reached=self.reached_platform)
        self._apis_known = True  # not before all of them are tracked: then "all settled" means all
        if changed:
            self._saving.note_change()
        return self._spread(self._options.instance_interval_s)

    def _note(self, course: Course, error: Exception | None, *, unconfirmed: bool = False) -> float:
        """Remember how a poll went; return the seconds until the next one."""
        course.note(error, self._observer)
        if error is None:
            self._last_contact = self._clock.now()
        elif not isinstance(error, PlatformNotFoundError):
            return course.backoff.failed(getattr(error, "retry_after_s", None))
        course.backoff.succeeded()
        if unconfirmed:
            return min(self._options.confirmation_delay_s, self._options.poll_interval_s)
        return self._spread(self._options.poll_interval_s)

    def _spread(self, interval_s: float) -> float:
        return interval_s * (1 + self._options.poll_spread * (2 * self._jitter() - 1))

    def _course(self, kind: PollKind) -> Course:
        options = self._options
        backoff = Backoff(options.poll_interval_s, options.backoff_cap_s, self._jitter)
        return Course(kind, PollRecord(self._clock, of=kind), backoff)

    def _stored(self) -> StoredCatalog | None:
        """What the disk copy should hold; nothing while the automated policies are unknown."""
        automated = self._environment.automated
        return None if automated is None else StoredCatalog(automated, self._apis.stored())
