"""The platform client and its sync, as the settings say."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from adapter.app.needs import objection_to_needs
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.errors import PlatformUnavailableError
from adapter.ext_authz.check.request import ADDRESS_HEADER
from adapter.ext_authz.response.writer import own_headers
from adapter.platform_client.disk.copy import DiskCopy
from adapter.platform_client.protocol.options import PlatformOptions
from adapter.platform_client.protocol.platform_client import PlatformClient
from adapter.platform_client.relay.receiver import RelayReceiver
from adapter.platform_client.sync.options import SyncOptions
from adapter.platform_client.sync.platform_sync import PlatformSync
from adapter.platform_client.sync.synced_state import SyncedState
from adapter.runtime import garbage
from adapter.runtime.authorities import authorities
from adapter.runtime.clock import Clock
from adapter.runtime.retirement import Retirement
from adapter.runtime.spans import Tracer
from adapter.runtime.system_errors import system_words
from adapter.settings import IdentitySettings, PlatformSettings, RequestSettings, Settings
from adapter.settings.groups.platform import PlatformAccount
from adapter.telemetry.counters import SyncCounters
from adapter.telemetry.metrics import Metrics
from adapter.workers.place import WorkerPlace

if TYPE_CHECKING:
    from adapter.platform_client.http.aiohttp_client import AiohttpClient


class Platform:
    """The client for the platform's operations, and the sync that keeps the snapshot up to date.

    An environment file replaces the platform; then there is no client.
    """

    def __init__(
        self,
        settings: Settings,
        snapshots: SnapshotStore,
        clock: Clock,
        metrics: Metrics,
        place: WorkerPlace | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self._http: AiohttpClient | None = None
        self._retirement = Retirement(clock)
        self._opening = asyncio.Lock()
        self.client: PlatformClient | None = None
        if (account := settings.platform.account) is not None:
            options = platform_options(settings.platform, account)
            self.client = PlatformClient(self._opened, options, clock)
        observer, wanted = SyncCounters(metrics, garbage.settle), sync_options(settings)
        self.sync: SyncedState
        if place is not None and not place.syncs:
            self.sync = RelayReceiver(place.relay, snapshots, wanted, clock, observer)
        elif account is None or self.client is None:
            # Only here: see that module.
            from adapter.app.environment_file import file_sync  # noqa: PLC0415

            self.sync = file_sync(settings.platform, wanted, snapshots, clock, observer)
        else:
            directory = settings.disk_directory
            self.sync = PlatformSync(
                self.client,
                snapshots,
                wanted,
                clock,
                disk=disk_copy(account, directory, clock) if directory else None,
                observer=observer,
                tracer=tracer,
            )

    def takes_own_members(self) -> bool:
        """Whether events may have members that only our control plane and collectors know."""
        return self.client is None or self.sync.is_our_control_plane()

    async def close(self) -> None:
        """Close the connections."""
        await self._retirement.close()
        if self._http is not None:
            await self._http.close()

    async def trust_again(self) -> None:
        """Read the CAs of the environment again, and use new connections from now on.

        Raises PlatformUnavailableError if they cannot be read; those that were read before stay
        trusted then. Requests that are under way end on their own connections.
        """
        async with self._opening:
            if self._http is None or self.client is None:
                return
            opening = await _prepared_in_a_thread()
            self._retirement.add(self._http.close, self.client.options.request_timeout_s)
            self._http = opening()

    async def _opened(self) -> "AiohttpClient":
        """The HTTP client, opened in a thread when it is first needed.

        Importing it and reading all certificates take a fifth of the start, and serving from the
        disk copy needs neither. The thread lets Checks continue meanwhile.
        """
        async with self._opening:
            if self._http is None:
                self._http = (await _prepared_in_a_thread())()
            return self._http


async def _prepared_in_a_thread() -> "Callable[[], AiohttpClient]":
    try:
        return await asyncio.to_thread(_prepared)
    except OSError as e:
        raise PlatformUnavailableError(
            "the certificates to trust cannot be read; check SSL_CERT_FILE and "
            f"SSL_CERT_DIR in the environment: {system_words(e)}"
        ) from None


def _prepared() -> Callable[[], "AiohttpClient"]:
    """The slow part of opening the client; the rest has to run in the event loop."""
    from adapter.platform_client.http.aiohttp_client import AiohttpClient  # noqa: PLC0415

    return partial(AiohttpClient, authorities())


def platform_options(platform: PlatformSettings, account: PlatformAccount) -> PlatformOptions:
    """Where the platform is and how to ask it, as the settings say."""
    return PlatformOptions(
        base_url=str(account.base_url),
        organization_id=account.organization_id,
        environment_id=account.environment_id,
        client_id=account.client_id,
        client_secret=account.client_secret.get_secret_value(),
        analytics_base_url=str(platform.analytics_url or ""),
        request_timeout_s=platform.request_timeout_s,
        max_response_bytes=platform.max_response_bytes,
        concurrency=platform.concurrency,
    )


def sync_options(settings: Settings) -> SyncOptions:
    """What is synced and how often, as the settings say."""
    return sync_options_of(settings.platform, settings.requests, settings.identity)


def sync_options_of(
    platform: PlatformSettings, requests: RequestSettings, identity: IdentitySettings
) -> SyncOptions:
    """The same, given only the groups of settings that it needs."""
    return SyncOptions(
        apis=None if platform.apis == "environment" else platform.apis,
        poll_interval_s=platform.poll_interval_s,
        secret_form=platform.secret_form,
        ignored_policy_types=frozenset(platform.ignored_policy_types),
        own_headers=own_headers(
            requests.identity_header_prefix,
            requests.client_address_header or ADDRESS_HEADER,
        ),
        objection=objection_to_needs(identity),
    )


def disk_copy(account: PlatformAccount, directory: Path, clock: Clock) -> DiskCopy:
    """The disk copy in that directory, for the environment of the account."""
    environment = f"{account.organization_id}/{account.environment_id}"
    secret = account.client_secret.get_secret_value()
    return DiskCopy(directory / "catalog", secret, environment, clock)
