"""Keeps this worker's snapshot up to date with what another worker has synced."""

import asyncio
import random
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from adapter.authorization.snapshot_store import SnapshotStore
from adapter.platform_client.relay.frames import Changes, EnvironmentState
from adapter.platform_client.relay.wire import QUESTION, read_frame
from adapter.platform_client.sync.observer import SyncObserver
from adapter.platform_client.sync.options import SyncOptions
from adapter.platform_client.sync.poll_loop import PollLoop
from adapter.platform_client.sync.sync_on_demand import SyncReport
from adapter.platform_client.sync.synced_state import SyncedState
from adapter.platform_client.sync.tracked_api import TrackedApi
from adapter.runtime.clock import Clock, WallTime
from adapter.runtime.fairness import in_slices

_INTERVAL_S: Final = 0.5
_FRAME_S: Final = 5.0
"""Longest wait for one frame."""
_START_S: Final = 3.0
"""A syncing worker that starts again is no alarm."""
_NO_ANSWER: Final = "the worker that syncs does not answer"
_APIS_AT_ONCE: Final = 10
"""APIs compared or compiled before Checks get their turn."""


class RelayReceiver(SyncedState):
    """Asks the syncing worker twice a second what has changed.

    While that worker does not answer, the last state stays in force. It becomes older meanwhile,
    which the gatekeeper and the metrics see, because the times come from the platform's answers.
    """

    def __init__(
        self,
        path: Path,
        snapshots: SnapshotStore,
        options: SyncOptions,
        clock: Clock,
        observer: SyncObserver | None = None,
    ) -> None:
        super().__init__(snapshots, options, clock, observer or SyncObserver(), random.random)
        self.environment.instances_known = False
        self._path = path
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._complete = False
        """Whether this connection has told all there is; later answers tell what has changed."""
        self._failing_since: WallTime | None = None
        self._alarm: str | None = None
        self._loop = PollLoop(self._poll, clock)

    @property
    def other_alarm(self) -> str | None:
        """See `SyncedState`: why the syncing worker tells nothing."""
        return self._alarm

    async def restore(self) -> None:
        """See `SyncedState`. This worker keeps nothing: it asks the syncing one."""

    async def run(self) -> None:
        """Ask until cancelled."""
        try:
            await self._loop.run()
        finally:
            self._disconnect()

    async def sync_now(self) -> SyncReport:
        """Ask now. What the syncing worker has loaded before is then in force here."""
        before = self._snapshots.current
        await self._loop.now()
        failures = {} if self._failing_since is None else {"relay": _NO_ANSWER}
        return SyncReport.of(before, self._snapshots.current, failures)

    async def _poll(self) -> float:
        try:
            changes, end = await self._answer()
        except (OSError, EOFError, ValueError) as e:
            self._disconnect()
            self._note_failure(e)
        else:
            if self._alarm is not None:
                structlog.get_logger().info("relay.recovered")
            self._alarm = self._failing_since = None
            await self._take_over(changes, end)
        return _INTERVAL_S

    async def _answer(self) -> tuple[Changes, EnvironmentState]:
        """The next answer; see `_ask`. A connection that has ended is replaced at once."""
        if self._connection is not None:
            with suppress(OSError, EOFError):
                return await self._ask()
            self._disconnect()
        return await self._ask()

    async def _ask(self) -> tuple[Changes, EnvironmentState]:
        """The next answer. Raises OSError, EOFError, or ValueError if it is no answer."""
        if self._connection is None:
            self._connection = await asyncio.open_unix_connection(self._path)
            self._complete = False
        reader, writer = self._connection
        writer.write(QUESTION)
        changes = Changes()
        while changes.end is None:
            async with asyncio.timeout(_FRAME_S):
                changes.take(await read_frame(reader))
            await asyncio.sleep(0)  # a frame that has arrived already does not wait
        return changes, changes.end

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection[1].close()
            self._connection = None

    def _note_failure(self, error: Exception) -> None:
        now = self._clock.now()
        since = self._failing_since = self._failing_since or now
        if self._alarm is None and now - since >= _START_S:
            structlog.get_logger().warning("relay.failed", error=repr(error))
            shown = datetime.fromtimestamp(since, UTC).isoformat(timespec="seconds")
            self._alarm = f"{_NO_ANSWER} (since {shown})"

    async def _take_over(self, changes: Changes, end: EnvironmentState) -> None:
        environment = self.environment
        environment.last_contact = end.last_contact or environment.last_contact
        if not end.settled:
            return
        environment.automated_poll.last_error = end.automated_error
        changed: list[TrackedApi] = []
        async for states in in_slices(changes.states, _APIS_AT_ONCE):
            changed += [api for state in states if (api := self.apis.take_state(state))]
        self._drop(changes)
        if changes.automated not in (None, environment.automated):
            environment.automated = changes.automated
            changed = list(self.apis)
        await self._publish(changed)
        environment.automated_revision = end.automated_revision
        environment.instances_revision = end.instances_revision
        environment.instances_known = self._complete = True

    def _drop(self, changes: Changes) -> None:
        """Drop what is gone: what a first answer lacks, and what a later one names."""
        told = {state.instance.api_id for state in changes.states}
        lacking = () if self._complete else (a.api_id for a in self.apis if a.api_id not in told)
        for api_id in (*lacking, *changes.removed):
            self.apis.drop(api_id)
            self.publication.remove(api_id)

    async def _publish(self, apis: Iterable[TrackedApi]) -> None:
        async for some in in_slices(apis, _APIS_AT_ONCE):
            self.publication.publish(some)
