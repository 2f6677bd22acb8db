"""The APIs that are kept up to date."""

from collections.abc import Collection, Iterator

from adapter.platform_client.disk.format import StoredApi
from adapter.platform_client.sync.api_state import ApiState
from adapter.platform_client.sync.options import SyncOptions
from adapter.platform_client.sync.tracked_api import TrackedApi
from adapter.policy.catalog import ApiContent, ApiInstance
from adapter.runtime.backoff import Jitter
from adapter.runtime.clock import Clock, WallTime


class TrackedApis:
    """The tracked APIs by id. Iterating is safe while APIs come and go."""

    def __init__(self, options: SyncOptions, clock: Clock, jitter: Jitter) -> None:
        self._options = options
        self._clock = clock
        self._jitter = jitter
        self._apis: dict[str, TrackedApi] = {}
        for api_id in options.apis or ():
            self._track(ApiInstance(api_id, api_id))

    def __iter__(self) -> Iterator[TrackedApi]:
        return iter(tuple(self._apis.values()))

    def __contains__(self, api: TrackedApi) -> bool:
        """Whether it is still tracked."""
        return self._apis.get(api.api_id) is api

    def get(self, api_id: str) -> TrackedApi | None:
        """The API with that id, if it is tracked."""
        return self._apis.get(api_id)

    def restore(self, stored: StoredApi) -> None:
        """Track an API of the disk copy, unless the operator's list leaves it out."""
        api_id = stored.content.instance.api_id
        if self._options.apis is None or api_id in self._options.apis:
            self._track(stored.content.instance, stored.content, stored.confirmed_at)

    def stored(self) -> tuple[StoredApi, ...]:
        """What the disk copy should hold: every API with content, shared and never copied."""
        return tuple(
            StoredApi(api.content, api.poll_state.confirmed_at or WallTime(0))
            for api in self
            if api.content is not None
        )

    def take_state(self, state: ApiState) -> TrackedApi | None:
        """Take over what the syncing worker knows; return the API if it has to be published."""
        api = self._apis.get(state.instance.api_id) or self._track(state.instance)
        return api if api.take_state(state) else None

    def drop(self, api_id: str) -> None:
        """Track this API no longer."""
        self._apis.pop(api_id, None)

    def note_listed(self, instance: ApiInstance) -> TrackedApi | None:
        """Track an instance of the environment's list; return the API if its description is new."""
        api = self._apis.get(instance.api_id) or self._track(instance)
        return api if api.mark_listed(instance) else None

    def drop_unlisted(self, listed: Collection[str]) -> list[str]:
        """Drop the APIs that the list lacks and that are known to be gone; return their ids.

        The others that it lacks are asked for one by one: a mistake in the list must close nothing.
        """
        unlisted = [api for api in self if api.api_id not in listed]
        for api in unlisted:
            api.mark_unlisted()
        gone = [api.api_id for api in unlisted if api.gone]
        for api_id in gone:
            del self._apis[api_id]
        return gone

    def _track(
        self,
        instance: ApiInstance,
        content: ApiContent | None = None,
        confirmed_at: WallTime | None = None,
    ) -> TrackedApi:
        api = TrackedApi(
            instance,
            self._options,
            self._clock,
            self._jitter,
            content=content,
            confirmed_at=confirmed_at,
        )
        self._apis[instance.api_id] = api
        return api
