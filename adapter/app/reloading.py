"""What an operator can have renewed without a restart: certificates, and what was synced."""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Final

import structlog

from adapter.app.platform import Platform
from adapter.app.preflight.findings import Findings
from adapter.app.preflight.tls_files import check_listener_tls
from adapter.app.server import listener_tls
from adapter.errors import ConfigurationError
from adapter.platform_client.sync.sync_on_demand import SyncOnDemand, SyncReport
from adapter.runtime.clock import Clock
from adapter.settings import ListenerSettings
from adapter.transport.service import Server

_LONGEST_WAIT_S: Final = 25.0
"""Less than the operators' listeners allow for an answer."""


class Reloading:
    """Reloads certificates and syncs on SIGHUP, and syncs on `POST /sync`."""

    def __init__(
        self, listener: ListenerSettings, server: Server, platform: Platform, clock: Clock
    ) -> None:
        self._listener = listener
        self._server = server
        self._platform = platform
        self._on_demand = SyncOnDemand(platform.sync.sync_now, clock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._alarm = ""

    @property
    def alarms(self) -> Mapping[str, str]:
        """What an operator should look at."""
        return {"listener certificate": self._alarm} if self._alarm else {}

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
        await self._reload_certificates()
        report = await self._on_demand.sync()
        log.info(
            "adapter.synced",
            revision=report.revision,
            changed_apis=len(report.changed_apis),
            removed_apis=len(report.removed_apis),
            failures=len(report.failures),
        )

    async def _reload_certificates(self) -> None:
        """New connections get the new certificates. If they cannot be used, the old ones stay."""
        await self._platform.trust_again()
        findings = Findings()
        tls = await asyncio.to_thread(self._checked_tls, findings)
        self._alarm = "; ".join(findings.faults)
        log = structlog.get_logger()
        if findings.faults:
            log.error("listener.certificates_kept", faults=findings.faults)
        elif tls is not None:
            self._server.use_tls(tls)
            log.info("listener.certificates_reloaded")

    def _checked_tls(self, findings: Findings) -> ssl.SSLContext | None:
        """The listener's TLS from its files; None if it has none, or if there are faults."""
        check_listener_tls(findings, self._listener)
        try:
            return None if findings.faults else listener_tls(self._listener)
        except ConfigurationError as e:  # the files may be changing at this moment
            findings.faults.append(str(e))
            return None
