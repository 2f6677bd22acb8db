"""Keeps the snapshot up to date with an environment file, without any platform."""

import asyncio
import random
from collections.abc import Iterable
from typing import Final

import structlog

from adapter.authorization.snapshot_store import SnapshotStore
from adapter.errors import EnvironmentFileError
from adapter.platform_client.environment_file.content import FileContent
from adapter.platform_client.environment_file.source import EnvironmentFile
from adapter.platform_client.sync.api_state import ApiState
from adapter.platform_client.sync.empty_list_guard import Policies
from adapter.platform_client.sync.observer import SyncObserver
from adapter.platform_client.sync.options import SyncOptions
from adapter.platform_client.sync.poll_loop import PollLoop
from adapter.platform_client.sync.poll_state import PollState, error_kind
from adapter.platform_client.sync.sync_on_demand import SyncReport
from adapter.platform_client.sync.synced_state import SyncedState
from adapter.platform_client.sync.tracked_api import TrackedApi
from adapter.policy.catalog import ApiContent
from adapter.runtime.clock import Clock
from adapter.runtime.fairness import in_slices

_SETTLED_S: Final = 1.0
"""A file that does not change for this long is complete."""
_MOST_LOOKS: Final = 10
_APIS_AT_ONCE: Final = 10
"""APIs compared or compiled before Checks get their turn."""


class FileSync(SyncedState):
    """Looks at the file every poll interval, and takes over a changed one as a whole.

    A file that cannot be used changes nothing. It is an outage like one of a platform: logged once,
    counted as a failed poll, and an alarm until the file is good.
    """

    def __init__(
        self,
        file: EnvironmentFile,
        snapshots: SnapshotStore,
        options: SyncOptions,
        clock: Clock,
        observer: SyncObserver | None = None,
    ) -> None:
        self._observer = observer or SyncObserver()
        super().__init__(snapshots, options, clock, self._observer, random.random)
        self._file = file
        self._options = options
        self._loop = PollLoop(self._poll, clock)
        self._read = False
        """Whether the file was read, with or without success."""
        self._error: Exception | None = None
        """Why the file could not be used when it was last read."""
        self._poll_state = PollState(
            "file", f"environment file {file.path}", options, clock, random.random
        )
        self.environment.instances_known = False
        self.environment.instances_poll = self._poll_state

    @property
    def other_alarm(self) -> str | None:
        """See `SyncedState`: there is nothing beside the file."""
        return None

    async def restore(self) -> None:
        """Publish what the file says, before Checks are answered."""
        await self._poll()

    async def run(self) -> None:
        """Follow the file until cancelled."""
        await self._loop.run()

    async def sync_now(self) -> SyncReport:
        """Look at the file now."""
        before = self._snapshots.current
        await self._loop.now()
        return SyncReport.of(before, self._snapshots.current, self.environment.outages.failures)

    async def _poll(self) -> float:
        if not self._read or await asyncio.to_thread(self._file.has_changed):
            self._error = await self._renew()
        if self._error is None:
            await self._note_success()
        else:
            self._note_failure(self._error)
        return self._poll_state.spread(self._options.poll_interval_s)

    async def _renew(self) -> Exception | None:
        """Read the file and take it over; returns what makes it unusable."""
        try:
            if self._read:
                await self._settled()
            self._read = True
            await asyncio.to_thread(self._file.read)
            await self._take_over(self._file.content)
        except Exception as e:
            return e
        return None

    async def _settled(self) -> None:
        """Wait until nobody writes: half of a file may be a valid file that opens an API."""
        before = await asyncio.to_thread(self._file.signatures)
        for _ in range(_MOST_LOOKS):
            await self._clock.sleep(_SETTLED_S)
            now = await asyncio.to_thread(self._file.signatures)
            if now == before:
                return
            before = now
        raise EnvironmentFileError("it changes all the time; write another file, and rename it")

    async def _take_over(self, content: FileContent) -> None:
        new: list[ApiContent] = []
        async for some in in_slices(content.apis.values(), _APIS_AT_ONCE):
            new += [api for api in some if self._known(api.instance.api_id) != api]
        removed = [api.api_id for api in self.apis if api.api_id not in content.apis]
        changed = self._take_over_at_once(content.automated, new, removed)
        async for apis in in_slices(changed, _APIS_AT_ONCE):
            self.publication.publish(apis)
        self.environment.instances_known = True
        if changed or removed:
            structlog.get_logger().info(
                "environment_file.loaded",
                file=str(self._file.path),
                apis=len(content.apis),
                changed=len(changed),
                removed=len(removed),
            )

    def _known(self, api_id: str) -> ApiContent | None:
        api = self.apis.get(api_id)
        return None if api is None else api.content

    def _take_over_at_once(
        self, automated: Policies, new: Iterable[ApiContent], removed: Iterable[str]
    ) -> list[TrackedApi]:
        """Take over everything without an `await`; return the APIs that must be published.

        So no other worker gets a policy list from which a policy was moved to the automated ones,
        without those.
        """
        for api_id in removed:
            self.apis.drop(api_id)
            self.publication.remove(api_id)
        taken = [self.apis.take_state(self._state(api)) for api in new]
        if automated == self.environment.automated:
            return [api for api in taken if api is not None]
        self.environment.automated = automated
        return list(self.apis)

    def _state(self, content: ApiContent) -> ApiState:
        return ApiState(content.instance, content, "file", confirmed_at=self._clock.now())

    async def _note_success(self) -> None:
        self._observer.poll_succeeded("file")
        self.environment.outages.succeeded(self._poll_state.name)
        self._poll_state.succeeded()
        self.environment.last_contact = self._poll_state.confirmed_at
        async for apis in in_slices(self.apis, _APIS_AT_ONCE):
            for api in apis:
                api.poll_state.confirmed_at = self._poll_state.confirmed_at

    def _note_failure(self, error: Exception) -> None:
        self._observer.poll_failed("file", error_kind(error))
        self.environment.outages.failed(self._poll_state.name, error)
        self._poll_state.failed(error)
