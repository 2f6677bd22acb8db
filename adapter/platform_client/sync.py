"""Keeps the snapshot in step with the platform."""

import asyncio
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

import structlog

from adapter.authorization.snapshot_store import SnapshotStore
from adapter.clock import Clock, WallTime
from adapter.errors import PlatformNotFoundError
from adapter.platform_client.api_sync import ApiSync, PollResult
from adapter.platform_client.client import PlatformClient
from adapter.platform_client.disk_copy import DiskCopy, StoredApi, StoredCatalog
from adapter.platform_client.environment_sync import EnvironmentSync
from adapter.platform_client.observer import SilentObserver, SyncObserver
from adapter.platform_client.options import PlatformOptions
from adapter.platform_client.pacing import Backoff, Chance
from adapter.platform_client.publication import GONE, Publication, closed
from adapter.platform_client.status import ApiStatus, PollRecord, SyncStatus
from adapter.policy.catalog import ApiContent, ApiInstance
from adapter.policy.snapshot import Api

_APIS_AT_ONCE: Final = 10
"""APIs compiled between two chances for Checks to run."""
_MOST_ALARMS: Final = 50
_DISK_PAUSE_S: Final = 1.0
_DISK_SHARE: Final = 10
"""Writing the disk copy may take a tenth of the time at most, however large it is."""


@dataclass(slots=True)
class _Tracked:
    """An API and how its polls go."""

    sync: ApiSync
    record: PollRecord
    backoff: Backoff
    looping: bool = False


class PlatformSync:
    """Polls the platform for ever and publishes what is new.

    Every API has its own loop, pace and backoff, so that one in trouble delays no other; another
    loop watches what is common to all; a third writes the disk copy. One event loop runs them all,
    and nothing here waits while it holds half of a state.
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
        chance: Chance = random.random,
    ) -> None:
        self._client = client
        self._options = options
        self._clock = clock
        self._disk = disk
        self._observer = observer or SilentObserver()
        self._chance = chance
        self._publication = Publication(snapshots, options.ignored_policy_types, self._observer)
        self._environment = EnvironmentSync(client, options, clock, self._observer)
        self._environment_record = PollRecord(clock, of="environment")
        self._environment_backoff = self._backoff()
        self._apis: dict[str, _Tracked] = {}
        self._apis_known = options.apis is not None
        self._restored = False
        self._unsaved = asyncio.Event()
        self._disk_alarm: str | None = None
        self._last_contact: WallTime | None = None
        for api_id in options.apis or ():
            self._track(ApiInstance(api_id, api_id))

    async def run(self) -> None:
        """Serve from the disk copy, then sync until cancelled; writes the disk copy at the end."""
        await self.restore()
        try:
            async with asyncio.TaskGroup() as loops:
                loops.create_task(self._environment_loop(loops))
                loops.create_task(self._disk_loop())
        finally:
            for tracked in self._apis.values():
                tracked.looping = False
            await self._save()

    async def sync_once(self) -> None:
        """Poll everything once, however long its backoff, and write the disk copy."""
        await self._poll_environment()
        await asyncio.gather(*(self._poll_api(tracked) for tracked in list(self._apis.values())))
        await self._save()

    async def restore(self) -> None:
        """Publish the disk copy, the first time this is called; a bad one is set aside."""
        if self._disk is None or self._restored:
            return
        self._restored = True
        stored = await asyncio.to_thread(self._disk.read)
        if stored.alarm is not None:
            self._disk_alarm = stored.alarm
            (self._observer.disk_rejected if stored.rejected else self._observer.disk_failed)()
        if stored.catalog is not None:
            await self._take_from_disk(stored.catalog)

    # What others ask.

    @property
    def reached_platform(self) -> bool:
        """Whether the platform has given any good answer since the start."""
        return self._last_contact is not None

    @property
    def all_settled(self) -> bool:
        """Whether the APIs are known, and each is loaded or has definitely failed."""
        return self._apis_known and all(self._settled(t) for t in self._apis.values())

    def last_contact(self) -> WallTime | None:
        """When the platform last gave a complete answer, since the start; cheap, for every Check."""
        return self._last_contact

    def synced_at(self, api_id: str) -> WallTime | None:
        """When the platform last confirmed the content of that API, be it as unchanged."""
        tracked = self._apis.get(api_id)
        return tracked.record.confirmed_at if tracked is not None else None

    def status(self) -> SyncStatus:
        """All of it, for operators."""
        records = [self._environment_record, *(t.record for t in self._apis.values())]
        return SyncStatus(
            reached_platform=self.reached_platform,
            all_settled=self.all_settled,
            last_success_at=self._last_contact,
            last_failure_at=max((r.failed_at for r in records if r.failed_at), default=None),
            alarms=tuple(islice(self._alarms(), _MOST_ALARMS)),
            apis=tuple(self._status_of(tracked) for tracked in self._apis.values()),
        )

    def _status_of(self, tracked: _Tracked) -> ApiStatus:
        api, record = tracked.sync, tracked.record
        published = self._publication.current(api.api_id)
        contracts = published.contracts if published is not None else {}
        confirmed_at = record.confirmed_at
        return ApiStatus(
            api_id=api.api_id,
            name=api.instance.name,
            loaded=self._loaded(tracked),
            settled=self._settled(tracked),
            origin=api.origin,
            confirmed_at=confirmed_at,
            age_s=None if confirmed_at is None else self._clock.now() - confirmed_at,
            faults=published.faults if published is not None else (),
            ignored=published.ignored if published is not None else (),
            contracts=len(contracts),
            closed_contracts=sum(1 for contract in contracts.values() if contract.fault),
            complaints=api.complaints.current,
            last_error=record.last_error,
        )

    def _alarms(self) -> Iterator[str]:
        if self._environment_record.last_error is not None:
            yield f"environment: {self._environment_record.last_error}"
        if self._disk_alarm is not None:
            yield self._disk_alarm
        yield from self._environment.complaints.current
        for tracked in self._apis.values():
            if tracked.record.last_error is not None:
                yield f"API {tracked.sync.api_id}: {tracked.record.last_error}"

    def _loaded(self, tracked: _Tracked) -> bool:
        return tracked.sync.content is not None and self._environment.automated is not None

    def _settled(self, tracked: _Tracked) -> bool:
        """Loaded, or closed in the snapshot because it could not be."""
        return self._loaded(tracked) or self._publication.current(tracked.sync.api_id) is not None

    # The loops.

    async def _environment_loop(self, loops: asyncio.TaskGroup) -> None:
        while True:
            for tracked in self._apis.values():
                if not tracked.looping:
                    tracked.looping = True
                    loops.create_task(self._api_loop(tracked))
            delay_s = await self._poll_environment()
            if not all(tracked.looping for tracked in self._apis.values()):
                continue
            await self._clock.sleep(delay_s)
