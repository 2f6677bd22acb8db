"""All APIs that are kept in step, and what of them is in the snapshot."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from adapter.platform_client.disk.format import StoredApi
from adapter.platform_client.options import PlatformOptions
from adapter.platform_client.protocol.platform_client import PlatformClient
from adapter.platform_client.sync.api_sync import ApiSync
from adapter.platform_client.sync.environment_sync import EnvironmentSync
from adapter.platform_client.sync.observer import SyncObserver
from adapter.platform_client.sync.poll_state import Course
from adapter.platform_client.sync.publication import GONE, Publication, closed
from adapter.platform_client.sync.status import ApiStatus, PollRecord
from adapter.policy.catalog import ApiContent, ApiInstance
from adapter.policy.snapshot import Api
from adapter.runtime.backoff import Backoff, Jitter
from adapter.runtime.clock import Clock, WallTime

_APIS_AT_ONCE: Final = 10
"""APIs compiled between two chances for Checks to run."""
_INSTANCES_AT_ONCE: Final = 100
"""The same for the entries of the environment's list."""


@dataclass(slots=True)
class TrackedApi:
    """An API and how its polls go."""

    sync: ApiSync
    course: Course
    polled_by_loop: bool = False


class TrackedApis:
    """The tracked APIs by id; decides what each looks like in the snapshot."""

    def __init__(
        self,
        client: PlatformClient,
        *,
        environment: EnvironmentSync,
        automated_record: PollRecord,
        publication: Publication,
        options: PlatformOptions,
        clock: Clock,
        observer: SyncObserver,
        jitter: Jitter,
    ) -> None:
        self._client = client
        self._environment = environment
        self._automated_record = automated_record
        self._publication = publication
        self._options = options
        self._clock = clock
        self._observer = observer
        self._jitter = jitter
        self._apis: dict[str, TrackedApi] = {}
        for api_id in options.apis or ():
            self._track(ApiInstance(api_id, api_id))

    def __iter__(self) -> Iterator[TrackedApi]:
        return iter(tuple(self._apis.values()))

    def get(self, api_id: str) -> TrackedApi | None:
        """That API, if it is tracked."""
        return self._apis.get(api_id)

    def restore(self, stored: StoredApi) -> None:
        """Track an API of the disk copy, unless the operator's list leaves it out."""
        api_id = stored.content.instance.api_id
        if self._options.apis is None or api_id in self._options.apis:
            self._track(stored.content.instance, stored.content, stored.confirmed_at)

    async def reconcile(self, instances: Mapping[str, ApiInstance], *, reached: bool) -> bool:
        """Track what is new in the environment's list; drop what it lacks and is known to be gone.

        What it lacks otherwise is asked for by itself: a list's mistake must close nothing. Returns
        whether the content of any API changed.
        """
        changed = False
        for number, (api_id, instance) in enumerate(instances.items()):
            if number % _INSTANCES_AT_ONCE == 0:
                await self._client.turns.wait()
            tracked = self._apis.get(api_id) or self._track(instance)
            if tracked.sync.mark_listed(instance):
                self.publish(tracked, reached=reached)
                changed = True
        for tracked in self:
            if tracked.sync.api_id in instances:
                continue
            if tracked.sync.gone:
                del self._apis[tracked.sync.api_id]
                self._publication.remove(tracked.sync.api_id)
            else:
                tracked.sync.mark_unlisted()
        return changed

    def publish(self, tracked: TrackedApi, *, reached: bool) -> None:
        """Bring what is in force for that API up to date, unless it was dropped meanwhile."""
        api = self._in_force(tracked, reached=reached)
        if api is not None and self._apis.get(tracked.sync.api_id) is tracked:
            self._publication.publish((api,))

    async def publish_all(self, *, reached: bool) -> None:
        """The same for all, a few at a time."""
        batch: list[Api] = []
        for tracked in self:
            api = self._in_force(tracked, reached=reached)
            if api is not None:
                batch.append(api)
            if len(batch) == _APIS_AT_ONCE:
                self._publication.publish(batch)
                batch = []
                await self._client.turns.wait()
        self._publication.publish(batch)

    def loaded(self, tracked: TrackedApi) -> bool:
        """Whether all that the API needs has come, from the platform or from disk."""
        return tracked.sync.content is not None and self._environment.automated is not None

    def settled(self, tracked: TrackedApi) -> bool:
        """Whether it is loaded, or closed in the snapshot because it could not be."""
        return self.loaded(tracked) or self._publication.current(tracked.sync.api_id) is not None

    def stored(self) -> tuple[StoredApi, ...]:
        """What the disk copy should hold: every API with content, shared and never copied."""
        return tuple(
            StoredApi(t.sync.content, t.course.record.confirmed_at or WallTime(0))
            for t in self
            if t.sync.content is not None
        )

    def status_of(self, tracked: TrackedApi) -> ApiStatus:
        """How it is doing."""
        api, record = tracked.sync, tracked.course.record
        published = self._publication.current(api.api_id)
        confirmed_at = record.confirmed_at
        return ApiStatus(
            api_id=api.api_id,
            name=api.instance.name,
            loaded=self.loaded(tracked),
            settled=self.settled(tracked),
            origin=api.origin,
            confirmed_at=confirmed_at,
            age_s=None if confirmed_at is None else self._clock.now() - confirmed_at,
            faults=published.faults if published is not None else (),
            ignored=published.ignored if published is not None else (),
            contracts=len(published.contracts) if published is not None else 0,
            closed_contracts=self._publication.closed_contracts(api.api_id),
            complaints=api.complaints.current,
            last_error=record.last_error,
        )

    def _track(
        self,
        instance: ApiInstance,
        content: ApiContent | None = None,
        confirmed_at: WallTime | None = None,
    ) -> TrackedApi:
        tracked = TrackedApi(
            ApiSync(
                instance, self._client, self._options, self._clock, self._observer, content=content
            ),
            Course(
                "api",
                PollRecord(self._clock, confirmed_at, api_id=instance.api_id),
                Backoff(self._options.poll_interval_s, self._options.backoff_cap_s, self._jitter),
            ),
        )
        self._apis[instance.api_id] = tracked
        return tracked

    def _in_force(self, tracked: TrackedApi, *, reached: bool) -> Api | None:
        """What the snapshot should hold for it; None while there is nothing to say yet.

        An API that never loaded is closed with the reason as soon as the platform has answered
        something else: until then nothing is known about this one in particular.
        """
        api, automated = tracked.sync, self._environment.automated
        if api.gone:
            return closed(api, GONE)
        if api.content is not None and automated is not None:
            return self._publication.compiled(api, automated)
        error = tracked.course.record.last_error or self._automated_record.last_error
        if error is None or not reached:
            return None
        return closed(api, f"not loaded yet: {error}")
