"""What is common to all APIs: which there are, and the automated policies."""

from collections.abc import Mapping

import structlog

from adapter.platform_client.protocol.applied_policies import automated_policies_from
from adapter.platform_client.protocol.platform_client import PlatformClient
from adapter.platform_client.protocol.translate import instances_from
from adapter.platform_client.sync.document_faults import DocumentFaults
from adapter.platform_client.sync.empty_list_guard import EmptyListGuard, Policies
from adapter.policy.catalog import ApiInstance


class EnvironmentSync:
    """The two lists of an environment; both methods raise PlatformError and then change nothing."""

    def __init__(self, client: PlatformClient, environment_id: str) -> None:
        self.automated: Policies | None = None
        """The last good automated policies; None before the first."""
        self.complaints = DocumentFaults()
        self._client = client
        self._environment_id = environment_id
        self._empty_guard = EmptyListGuard()

    @property
    def unconfirmed(self) -> bool:
        """Whether the automated policies turned empty, which is believed the second time."""
        return self._empty_guard.pending

    async def poll_automated(self) -> bool:
        """Fetch the automated policies; return whether they changed."""
        rows = await self._client.automated_policies()
        fetched = automated_policies_from(rows, self._environment_id)
        before = self.automated
        self.automated = self._empty_guard.settle(before or (), fetched)
        if before and not self.automated:
            structlog.get_logger().warning("platform.automated_policies_all_removed")
        return self.automated != before

    async def instances(self) -> Mapping[str, ApiInstance]:
        """All API instances of the environment by id."""
        complaints: list[str] = []
        found = instances_from(await self._client.assets(), complaints.append)
        self.complaints.replace("instances", complaints)
        return found
