"""What is common to all APIs: which there are, and the automated policies."""

from collections.abc import Mapping
from typing import NamedTuple

import structlog

from adapter.clock import Clock
from adapter.errors import PlatformError
from adapter.platform_client.client import PlatformClient
from adapter.platform_client.complaints import Complaints
from adapter.platform_client.confirmation import EmptyListGuard, Policies
from adapter.platform_client.observer import PollKind, SyncObserver
from adapter.platform_client.options import PlatformOptions
from adapter.platform_client.pacing import Interval
from adapter.platform_client.translate import automated_policies_from, instances_from
from adapter.policy.catalog import ApiInstance


class EnvironmentPoll(NamedTuple):
    """What a poll of the environment found."""

    instances: Mapping[str, ApiInstance] | None
    """All API instances; None where they were not due, not wanted or not to be had."""
    automated_changed: bool
    answered: bool
    """Whether any list came."""
    errors: tuple[PlatformError, ...]


class EnvironmentSync:
    """Polls the two lists, each by itself: one that fails does not hold back the other."""

    def __init__(
        self, client: PlatformClient, options: PlatformOptions, clock: Clock, observer: SyncObserver
    ) -> None:
        self.automated: Policies | None = None
        """The last good automated policies; None before the first."""
        self.complaints = Complaints()
        self._client = client
        self._options = options
        self._observer = observer
        self._empty_guard = EmptyListGuard()
        self._list = Interval(options.instance_interval_s, clock)

    @property
    def unconfirmed(self) -> bool:
        """Whether the automated policies turned empty, which is believed the second time."""
        return self._empty_guard.pending

    async def poll(self) -> EnvironmentPoll:
        """Fetch what is due."""
        errors: list[PlatformError] = []
        instances: Mapping[str, ApiInstance] | None = None
        changed = answered = False
        try:
            changed = await self._poll_automated()
            answered = True
        except PlatformError as e:
            errors.append(self._failed("automated_policies", e))
        try:
            instances = await self._poll_instances()
        except PlatformError as e:
            errors.append(self._failed("instances", e))
        answered = answered or instances is not None
        return EnvironmentPoll(instances, changed, answered, tuple(errors))

    async def _poll_automated(self) -> bool:
        rows = await self._client.automated_policies()
        fetched = automated_policies_from(rows, self._options.environment_id)
        before = self.automated
        self.automated = self._empty_guard.settle(before or (), fetched)
        self._observer.poll_succeeded("automated_policies")
        if before and not self.automated:
            structlog.get_logger().warning("platform.automated_policies_all_removed")
        return self.automated != before

    async def _poll_instances(self) -> Mapping[str, ApiInstance] | None:
        if self._options.apis is not None or not self._list.due:
            return None
        complaints: list[str] = []
        instances = instances_from(await self._client.assets(), complaints.append)
        self.complaints.replace("instances", complaints)
        self._list.done()
        self._observer.poll_succeeded("instances")
        return instances

    def _failed(self, kind: PollKind, error: PlatformError) -> PlatformError:
        self._observer.poll_failed(kind, type(error).__name__)
        return error
