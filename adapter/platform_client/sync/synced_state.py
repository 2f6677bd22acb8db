"""What is synced, and what others ask about it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import partial

from adapter.authorization.snapshot_store import SnapshotStore
from adapter.platform_client.sync.environment import Environment
from adapter.platform_client.sync.observer import SyncObserver
from adapter.platform_client.sync.options import SyncOptions
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
from adapter.platform_client.sync.tracked_apis import TrackedApis
from adapter.policy.rule_pool import RulePool
from adapter.policy.snapshot import build_api
from adapter.runtime.backoff import Jitter
from adapter.runtime.clock import Clock, WallTime


class SyncedState(ABC):
    """The state of all APIs, compiled into the snapshot.

    A subclass keeps it up to date: from the platform (`PlatformSync`), from a file (`FileSync`), or
    from the worker that syncs (`RelayReceiver`).
    """

    def __init__(
        self,
        snapshots: SnapshotStore,
        options: SyncOptions,
        clock: Clock,
        observer: SyncObserver,
        jitter: Jitter,
    ) -> None:
        compile_api = partial(
            build_api,
            pool=RulePool(),
            ignored_types=options.ignored_policy_types,
            own_headers=options.own_headers,
            objection=options.objection,
        )
        self._snapshots = snapshots
        self._clock = clock
        self.environment = Environment(options, clock, jitter)
        self.apis = TrackedApis(options, clock, jitter)
        self.publication = Publication(snapshots, compile_api, self.environment, observer)

    @abstractmethod
    async def restore(self) -> None:
        """Publish what was kept over a restart, if anything was."""

    @abstractmethod
    async def run(self) -> None:
        """Keep it up to date until cancelled."""

    @abstractmethod
    async def sync_now(self) -> SyncReport:
        """Bring it up to date now; `run` must be running."""

    @property
    @abstractmethod
    def other_alarm(self) -> str | None:
        """What an operator should look at beside the platform; None if it is nothing."""

    @property
    def reached_platform(self) -> bool:
        """Whether the platform has given any good answer since the start."""
        return self.environment.reached_platform

    @property
    def all_settled(self) -> bool:
        """Whether the APIs are known, and each is loaded or has definitely failed."""
        return self.environment.instances_known and all(
            is_settled(api, self.environment, self.publication) for api in self.apis
        )

    def awaits(self, api_id: str) -> bool:
        """Whether an API that is not in the snapshot is still to be loaded.

        Before the list of API instances is known, this may be any API.
        """
        return not self.environment.instances_known or self.apis.get(api_id) is not None

    def last_contact(self) -> WallTime | None:
        """When the platform last gave a good answer since the start; cheap enough for a Check."""
        return self.environment.last_contact

    def synced_at(self, api_id: str) -> WallTime | None:
        """When the platform last confirmed the content of that API, possibly as not modified."""
        api = self.apis.get(api_id)
        return api.poll_state.confirmed_at if api is not None else None

    @property
    def alarms(self) -> tuple[str, ...]:
        """What goes wrong with the platform, the disk or the relay, as in `status`."""
        return sync_alarms(self.environment, self.other_alarm)

    @property
    def environment_revisions(self) -> tuple[int | None, int | None]:
        """The revisions of the automated policies and of the list of API instances."""
        return self.environment.automated_revision, self.environment.instances_revision

    def is_our_control_plane(self) -> bool:
        """Whether the platform names revisions: only our control plane does."""
        return self.environment_revisions != (None, None)

    def api_statuses(self) -> Iterator[ApiStatus]:
        """How each API is doing, made one at a time: all of them together take long."""
        for api in tuple(self.apis):
            in_force = self.publication.in_force(api.api_id)
            yield api_status(api, in_force, self.environment, self._clock.now())

    def status(self) -> SyncStatus:
        """How all of it is doing."""
        return sync_status(
            self.environment,
            tuple(self.apis),
            self.publication,
            all_settled=self.all_settled,
            other_alarm=self.other_alarm,
            now=self._clock.now(),
        )
