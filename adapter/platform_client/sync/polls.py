"""One poll of each kind: fetch and translate, take over, compile and publish, save."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from adapter.platform_client.protocol.platform_client import PlatformClient
from adapter.platform_client.protocol.translate import unknown_secret_forms
from adapter.platform_client.sync.environment import Environment
from adapter.platform_client.sync.fetch import Fetcher
from adapter.platform_client.sync.fetched import FailedFetch
from adapter.platform_client.sync.observer import SyncObserver
from adapter.platform_client.sync.options import SyncOptions
from adapter.platform_client.sync.poll_state import PollState, error_kind
from adapter.platform_client.sync.publication import Publication
from adapter.platform_client.sync.status import is_settled
from adapter.platform_client.sync.tracked_api import TrackedApi
from adapter.platform_client.sync.tracked_apis import TrackedApis
from adapter.policy.catalog import ApiInstance
from adapter.runtime.spans import Tracer, fail_current

_POLLS_PER_REQUEST: Final = 2
"""Polls in progress for each request that may be: one waits for its answer, one is read."""
_APIS_AT_ONCE: Final = 10
"""APIs compiled before Checks get their turn."""
_INSTANCES_AT_ONCE: Final = 100
"""The same for entries of the environment's list."""


class Polls:
    """Polls the list of instances, an API, or the automated policies.

    Each poll returns the seconds until the next one of its kind. Errors of the platform are noted
    and never raised. `changed` is called when there is something new to save.
    """

    def __init__(
        self,
        client: PlatformClient,
        environment: Environment,
        apis: TrackedApis,
        publication: Publication,
        *,
        options: SyncOptions,
        observer: SyncObserver,
        tracer: Tracer,
        changed: Callable[[], None],
    ) -> None:
        self._client = client
        self._fetch = Fetcher(client, options.secret_form)
        self._environment = environment
        self._apis = apis
        self._publication = publication
        self._observer = observer
        self._tracer = tracer
        self._save = changed
        self._instance_interval_s = options.instance_interval_s
        # Limits concurrent polls, so that a started poll finishes promptly even with many APIs.
        self._places = asyncio.Semaphore(_POLLS_PER_REQUEST * client.options.concurrency)
        self._completing = asyncio.Lock()

    async def instances(self) -> float:
        """Poll the environment's list of API instances."""
        with self._tracer.span("poll API instances"):
            return await self._poll_instances()

    async def api(self, api: TrackedApi) -> float:
        """Poll one API."""
        with self._tracer.span("poll API", **{"policy_adapter.api.id": api.api_id}):
            return await self._poll_api(api)

    async def automated(self) -> float:
        """Poll the automated policies."""
        with self._tracer.span("poll automated policies"):
            return await self._poll_automated()

    async def _poll_instances(self) -> float:
        environment = self._environment
        try:
            fetched = await self._fetch.instances()
        except Exception as e:
            return self._note_failure(environment.instances_poll, e)
        environment.document_faults.replace("instances", fetched.faults)
        self._note_success(environment.instances_poll)
        await self._complete_automated()
        await self._take_over_instances(fetched.instances)
        environment.instances_revision = fetched.revision
        environment.instances_known = True  # only now: "all settled" means all of the list
        return environment.instances_poll.spread(self._instance_interval_s)

    async def _poll_api(self, api: TrackedApi) -> float:
        changed, error = await self._renew(api)
        if error is None:
            wait_s = self._note_success(api.poll_state, unconfirmed=api.unconfirmed)
            await self._complete_automated()
        else:
            wait_s = self._note_failure(api.poll_state, error, unconfirmed=api.unconfirmed)
        if changed or not is_settled(api, self._environment, self._publication):
            self._publish((api,))
        if changed:
            self._save()
        return wait_s

    async def _poll_automated(self) -> float:
        environment = self._environment
        try:
            fetched = await self._fetch.automated()
            changed = environment.take_over_automated(fetched)
        except Exception as e:
            return self._note_failure(environment.automated_poll, e)
        wait_s = self._note_success(environment.automated_poll, unconfirmed=environment.unconfirmed)
        if changed:
            await self.publish_in_turns(self._apis)
            self._save()
        if not environment.unconfirmed:
            environment.automated_revision = fetched.revision
        return wait_s

    async def publish_in_turns(self, apis: Iterable[TrackedApi]) -> None:
        """Compile and publish a few APIs at a time, so that Checks get their turn."""
        waiting = tuple(apis)
        for start in range(0, len(waiting), _APIS_AT_ONCE):
            self._publish(waiting[start : start + _APIS_AT_ONCE])
            await self._client.turns.wait()

    async def _renew(self, api: TrackedApi) -> tuple[bool, Exception | None]:
        """Fetch an API and take it over; return whether it changed, and the error if it failed."""
        try:
            async with self._places:
                fetched = await self._fetch.api(api)
                if isinstance(fetched, FailedFetch):
                    return api.take_failure(fetched), fetched.error
                changed = api.take_over(fetched)
        except Exception as e:  # a bug with one API must not stop the polls of the others
            return False, e
        unknown = unknown_secret_forms(fetched.feed.changes.values())
        if unknown:
            self._observer.secret_forms_unknown(unknown)
        return changed, None

    async def _take_over_instances(self, instances: Mapping[str, ApiInstance]) -> None:
        changed: list[TrackedApi] = []
        for number, instance in enumerate(instances.values()):
            if number % _INSTANCES_AT_ONCE == 0:
                await self._client.turns.wait()
            api = self._apis.note_listed(instance)
            if api is not None:
                changed.append(api)
        for api_id in self._apis.drop_unlisted(instances.keys()):
            self._publication.remove(api_id)
            self._environment.outages.forget(f"API {api_id}")
        await self.publish_in_turns(changed)
        if changed:
            self._save()

    async def _complete_automated(self) -> None:
        """Fetch the automated policies at once if they are unknown, since the platform answers.

        Without them every API is closed, and after an outage their own loop may wait for long.
        """
        async with self._completing:
            if self._environment.automated is None:
                await self.automated()

    def _publish(self, apis: Iterable[TrackedApi]) -> None:
        """Compile and publish those that are still tracked: a dropped API must not come back."""
        tracked = [api for api in apis if api in self._apis]
        self._publication.publish(tracked)

    def _note_success(self, poll: PollState, *, unconfirmed: bool = False) -> float:
        self._observer.poll_succeeded(poll.kind)
        self._environment.outages.succeeded(poll.name)
        wait_s = poll.succeeded(unconfirmed=unconfirmed)
        self._environment.last_contact = poll.confirmed_at
        return wait_s

    def _note_failure(
        self, poll: PollState, error: Exception, *, unconfirmed: bool = False
    ) -> float:
        kind = error_kind(error)
        self._observer.poll_failed(poll.kind, kind)
        fail_current(kind)
        self._environment.outages.failed(poll.name, error)
        return poll.failed(error, unconfirmed=unconfirmed)
