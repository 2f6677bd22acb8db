"""From the last good states to the snapshot."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

import structlog

from adapter.authorization.snapshot_store import SnapshotStore
from adapter.platform_client.sync.empty_list_guard import Policies
from adapter.platform_client.sync.environment import Environment
from adapter.platform_client.sync.observer import SyncObserver
from adapter.platform_client.sync.tracked_api import TrackedApi
from adapter.policy.catalog import ApiContent
from adapter.policy.snapshot import Api

GONE: Final = "the platform no longer knows this API; unbind it, or restore it on the platform"
_COMPILE_FAILED: Final = "an unforeseen error while compiling its policies; see the log"


class Publication:
    """Compiles APIs and puts them into the snapshot; logs what it closes."""

    def __init__(
        self,
        snapshots: SnapshotStore,
        compile_api: Callable[[ApiContent], Api],
        environment: Environment,
        observer: SyncObserver,
    ) -> None:
        self._snapshots = snapshots
        self._compile_api = compile_api
        self._environment = environment
        self._observer = observer

    def in_force(self, api_id: str) -> Api | None:
        """What the snapshot holds for that API."""
        return self._snapshots.current.apis.get(api_id)

    def publish(self, apis: Iterable[TrackedApi]) -> None:
        """Bring the snapshot up to date with their states."""
        compiled = [new for api in apis if (new := self._compiled(api)) is not None]
        for new in compiled:
            self._log_change(new)
        if compiled:
            self._snapshots.publish(compiled)
            self._observer.published(len(compiled))

    def remove(self, api_id: str) -> None:
        """Drop an API: its requests then belong to no known API and are denied."""
        if self.in_force(api_id) is not None:
            self._snapshots.publish(removed=(api_id,))

    def _compiled(self, api: TrackedApi) -> Api | None:
        """What the snapshot should hold; None while nothing is known about this API.

        An API that was never loaded is closed with the reason as soon as the platform has answered
        something else. Until then the reason may be only that the platform is down.
        """
        automated = self._environment.automated
        if api.gone:
            return _closed(api, GONE)
        if api.content is not None and automated is not None:
            return self._compiled_content(api, api.content, automated)
        error = api.poll_state.last_error or self._environment.automated_poll.last_error
        if error is None or not self._environment.reached_platform:
            return None
        return _closed(api, f"not loaded yet: {error}")

    def _compiled_content(self, api: TrackedApi, content: ApiContent, automated: Policies) -> Api:
        try:
            return self._compile_api(replace(content, policies=automated + content.policies))
        except Exception:
            # A bug. The last good state is no way out: it lacks what an admin has applied since.
            structlog.get_logger().exception("platform.compile_failed", api_id=api.api_id)
            return _closed(api, _COMPILE_FAILED)

    def _log_change(self, new: Api) -> None:
        before = self.in_force(new.instance.api_id)
        log = structlog.get_logger().bind(api_id=new.instance.api_id)
        if new.faults and (before is None or before.faults != new.faults):
            log.error("platform.api_closed", faults=new.faults)
        elif before is not None and before.faults and not new.faults:
            log.info("platform.api_opened")
        if new.closed_contracts:
            faults = (f"{c.contract_id}: {c.fault}" for c in new.contracts if c.fault)
            first = [fault for _, fault in zip(range(5), faults, strict=False)]
            log.warning("platform.contracts_closed", count=new.closed_contracts, first=first)


def _closed(api: TrackedApi, fault: str) -> Api:
    """An API that denies everything, for that reason."""
    return Api(api.instance, faults=(fault,))
