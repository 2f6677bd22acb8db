"""The platform client and its sync, as the settings say."""

import asyncio
import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from adapter.app.needs import objection_to_needs
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.errors import PlatformUnavailableError
from adapter.ext_authz.check.request import ADDRESS_HEADER
from adapter.ext_authz.response.writer import own_headers
from adapter.platform_client.disk.copy import DiskCopy
from adapter.platform_client.protocol.options import PlatformOptions
from adapter.platform_client.protocol.platform_client import PlatformClient
from adapter.platform_client.sync.options import SyncOptions
from adapter.platform_client.sync.platform_sync import PlatformSync
from adapter.runtime import garbage
from adapter.runtime.authorities import authorities, trust_again
from adapter.runtime.clock import Clock
from adapter.runtime.system_errors import system_words
from adapter.settings import Settings
from adapter.telemetry.counters import SyncCounters
from adapter.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from adapter.platform_client.http.aiohttp_client import AiohttpClient


class Platform:
    """The client for the platform's operations, and the sync that keeps the snapshot up to date."""

    def __init__(
        self, settings: Settings, snapshots: SnapshotStore, clock: Clock, metrics: Metrics
    ) -> None:
        options = platform_options(settings)
        self._http: AiohttpClient | None = None
        self._trusted: ssl.SSLContext | None = None
        self._opening = asyncio.Lock()
        self.client = PlatformClient(self._opened, options, clock)
        self.sync = PlatformSync(
            self.client,
            snapshots,
            sync_options(settings),
            clock,
            disk=disk_copy(settings, settings.disk_directory, clock)
            if settings.disk_directory
            else None,
            observer=SyncCounters(metrics, garbage.settle),
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()

    def trust_again(self) -> None:
        """Read the CAs of the environment again, if they are in use; blocks.

        If they cannot be read, those that were read before stay trusted, which the log says.
        """
        if self._trusted is None:
            return
        try:
            trust_again(self._trusted)
        except OSError as e:
            structlog.get_logger().error("platform.authorities_kept", error=system_words(e))

    async def _opened(self) -> "AiohttpClient":
        """The HTTP client, opened in a thread when it is first needed.

        Importing it and reading all certificates take a fifth of the start, and serving from the
        disk copy needs neither. The thread lets Checks continue meanwhile.
        """
        async with self._opening:
            if self._http is None:
                try:
                    opening, trusted = await asyncio.to_thread(_prepared)
                except OSError as e:
                    raise PlatformUnavailableError(
                        "the certificates to trust cannot be read; check SSL_CERT_FILE and "
                        f"SSL_CERT_DIR in the environment: {system_words(e)}"
                    ) from None
                self._http, self._trusted = opening(), trusted
            return self._http


def _prepared() -> tuple[Callable[[], "AiohttpClient"], ssl.SSLContext]:
    """The slow part of opening the client; the rest has to run in the event loop."""
    from adapter.platform_client.http.aiohttp_client import AiohttpClient  # noqa: PLC0415

    trusted = authorities()
    return partial(AiohttpClient, trusted), trusted


def platform_options(settings: Settings) -> PlatformOptions:
    """Where the platform is and how to ask it, as the settings say."""
    platform = settings.platform
    return PlatformOptions(
        base_url=str(platform.base_url),
        organization_id=platform.organization_id,
        environment_id=platform.environment_id,
        client_id=platform.client_id,
        client_secret=platform.client_secret.get_secret_value(),
        analytics_base_url=str(platform.analytics_url or ""),
        request_timeout_s=platform.request_timeout_s,
        max_response_bytes=platform.max_response_bytes,
        concurrency=platform.concurrency,
    )


def sync_options(settings: Settings) -> SyncOptions:
    """What is synced and how often, as the settings say."""
    platform = settings.platform
    return SyncOptions(
        apis=None if platform.apis == "environment" else platform.apis,
        poll_interval_s=platform.poll_interval_s,
        secret_form=platform.secret_form,
        ignored_policy_types=frozenset(platform.ignored_policy_types),
        own_headers=own_headers(
            settings.requests.identity_header_prefix,
            settings.requests.client_address_header or ADDRESS_HEADER,
        ),
        objection=objection_to_needs(settings.identity),
    )


def disk_copy(settings: Settings, directory: Path, clock: Clock) -> DiskCopy:
    """The disk copy in that directory, for the environment of the settings."""
    options = platform_options(settings)
    environment = f"{options.organization_id}/{options.environment_id}"
    return DiskCopy(directory / "catalog", options.client_secret, environment, clock)
