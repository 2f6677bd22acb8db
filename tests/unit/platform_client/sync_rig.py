"""A simulated platform, a sync, and the snapshot between them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from adapter.authorization.snapshot_store import SnapshotStore
from adapter.platform_client.sync.platform_sync import PlatformSync
from adapter.policy.snapshot import Api
from adapter.runtime.backoff import Jitter
from adapter.runtime.spans import Tracer
from tests.rig.clock import FakeClock
from tests.rig.platform_options import options
from tests.rig.platform_simulator import PlatformSimulator

BLOCKLIST = {"ips": ["192.0.2.1"]}
"""The configuration of a policy that is not about contracts."""


def no_jitter() -> float:
    """Makes each wait the longest possible one."""
    return 1.0


class Rig:
    """A platform with one API, number 7, and what the adapter makes of it."""

    def __init__(
        self, jitter: Jitter = no_jitter, tracer: Tracer | None = None, **changes: Any
    ) -> None:
        self.clock = FakeClock()
        self.platform = PlatformSimulator(self.clock)
        self.api = self.platform.add_api("7", "orders")
        self.store = SnapshotStore(self.clock)
        self.sync = PlatformSync(
            self.platform.client(**changes),
            self.store,
            options(**changes).sync,
            self.clock,
            tracer=tracer,
            jitter=jitter,
        )

    def in_force(self, api_id: str = "7") -> Api:
        """What Checks see of an API."""
        return self.store.current.apis[api_id]

    def policy_types(self, api_id: str = "7") -> list[str]:
        """The policies in force."""
        return [policy.ref.policy_type for policy in self.in_force(api_id).policies]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The loops, as in production but for the clock."""
        task = asyncio.create_task(self.sync.run())
        await self.clock.settle()
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
