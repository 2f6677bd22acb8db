"""What an operator can have renewed without a restart: certificates, and what was synced."""

import asyncio
from typing import Final

import structlog

from adapter.app.certificates import Certificates
from adapter.platform_client.sync.sync_on_demand import SyncOnDemand, SyncReport
from adapter.platform_client.sync.synced_state import SyncedState
from adapter.runtime.clock import Clock

_LONGEST_WAIT_S: Final = 25.0
"""Less than the operators' listeners allow for an answer."""


class Reloading:
    """Reloads certificates and syncs on SIGHUP, and syncs on `POST /sync`."""

    def __init__(self, certificates: Certificates, sync: SyncedState, clock: Clock) -> None:
        self._certificates = certificates
        self._on_demand = SyncOnDemand(sync.sync_now, clock)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> "tuple[asyncio.Task[None], ...]":
        """The reloads in progress."""
        return tuple(self._tasks)

    def reload(self) -> None:
        """Reload certificates and sync, in the background. Several calls at once share one sync."""
        task = asyncio.create_task(self._reload(), name="reload")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def sync(self) -> SyncReport | None:
        """Sync now; None if that takes longer than an answer may take. It then goes on."""
        try:
            return await asyncio.wait_for(self._on_demand.sync(), _LONGEST_WAIT_S)
        except TimeoutError:
            return None

    async def stop(self) -> None:
        """End what is in progress."""
        running = self.running
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._on_demand.close()

    async def _reload(self) -> None:
        log = structlog.get_logger()
        log.info("adapter.reloading")
        await self._certificates.renew_all()
        report = await self._on_demand.sync()
        log.info(
            "adapter.synced",
            revision=report.revision,
            changed_apis=len(report.changed_apis),
            removed_apis=len(report.removed_apis),
            failures=len(report.failures),
        )
