"""From the last good states to the snapshot."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

import structlog

from adapter.authorization.snapshot_store import SnapshotStore
from adapter.platform_client.sync.api_sync import ApiSync
from adapter.platform_client.sync.empty_list_guard import Policies
from adapter.platform_client.sync.observer import SyncObserver
from adapter.policy.catalog import ApiContent
from adapter.policy.snapshot import Api

GONE: Final = "the platform no longer knows this API; unbind it, or restore it on the platform"


class Publication:
    """Compiles APIs and puts them into the snapshot, loudly where one is closed."""

    def __init__(
        self,
        snapshots: SnapshotStore,
        compile_api: Callable[[ApiContent], Api],
        observer: SyncObserver,
    ) -> None:
        self._snapshots = snapshots
        self._compile_api = compile_api
        self._observer = observer
        self._closed_contracts: dict[str, int] = {}

    def current(self, api_id: str) -> Api | None:
        """What is in force for that API."""
        return self._snapshots.current.apis.get(api_id)

    def closed_contracts(self, api_id: str) -> int:
        """How many of its contracts cannot be honoured; counted when it was published."""
        return self._closed_contracts.get(api_id, 0)

    def publish(self, apis: Iterable[Api]) -> None:
        """Put them in the place of what they were."""
        apis = tuple(apis)
        for api in apis:
            self._tell(api)
        if apis:
            self._snapshots.publish(apis)
            self._observer.published(len(apis))

    def remove(self, api_id: str) -> None:
        """Drop an API: requests to it then belong to no known API and are denied."""
        self._closed_contracts.pop(api_id, None)
        if self.current(api_id) is not None:
            self._snapshots.publish(removed=(api_id,))

    def compiled(self, api: ApiSync, automated: Policies) -> Api:
        """An API with its content in force; one that we fail to compile is closed."""
        if api.content is None:
            raise ValueError(f"API {api.api_id} has no content")
        content = replace(api.content, policies=automated + api.content.policies)
        try:
            return self._compile_api(content)
        except Exception:
            # Whatever the bug is: the last good state would leave out what an admin applied.
            structlog.get_logger().exception("platform.compile_failed", api_id=api.api_id)
            return closed(api, "an unforeseen error while compiling its policies; see the log")

    def _tell(self, api: Api) -> None:
        before = self.current(api.instance.api_id)
        log = structlog.get_logger().bind(api_id=api.instance.api_id)
        if api.faults and (before is None or before.faults != api.faults):
            log.error("platform.api_closed", faults=api.faults)
        elif before is not None and before.faults and not api.faults:
            log.info("platform.api_opened")
        faults = [f"{c.contract_id}: {c.fault}" for c in api.contracts if c.fault]
        self._closed_contracts[api.instance.api_id] = len(faults)
        if faults:
            log.warning("platform.contracts_closed", count=len(faults), first=faults[:5])


def closed(api: ApiSync, fault: str) -> Api:
    """An API that denies everything, for that reason."""
    return Api(api.instance, faults=(fault,))
