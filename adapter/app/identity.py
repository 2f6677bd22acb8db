"""Makes the way to identity providers from the settings."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from adapter.authorization.snapshot_store import SnapshotStore
from adapter.identity.jwks.key_set_file import KeySetFile
from adapter.identity.jwks.key_sets import KeySets
from adapter.identity.tokens.verifier import TokenVerifier
from adapter.runtime.clock import Clock
from adapter.runtime.supervision import Supervisor
from adapter.settings import IdentitySettings, Settings
from adapter.telemetry.counters import KeySetCounters
from adapter.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from adapter.identity.outbound.provider_clients import ProviderClients


class Identity:
    """Key sets, the memory of verified tokens, and the client for identity providers.

    The client is opened when it is first needed, because importing it takes a noticeable part of a
    start, and most adapters have no policy that needs it.
    """

    def __init__(
        self, settings: Settings, snapshots: SnapshotStore, clock: Clock, metrics: Metrics
    ) -> None:
        identity = settings.identity
        self._settings = identity
        self._providers: ProviderClients | None = None
        self._opening = asyncio.Lock()
        self.key_sets = KeySets(
            snapshots,
            self._fetch,
            clock,
            cooldown_s=identity.jwks_cooldown_s,
            file=_key_set_file(settings),
            observer=KeySetCounters(metrics),
        )
        self.tokens = TokenVerifier(
            self.key_sets,
            clock,
            max_remembered=identity.max_remembered_tokens,
            clock_skew_s=identity.clock_skew_s,
        )

    async def start(self, supervisor: Supervisor) -> None:
        """Use key sets from before a restart, and keep all of them up to date."""
        await self.key_sets.restore()
        supervisor.start("key_sets", self.key_sets.run)

    async def stop(self) -> None:
        """Save key sets and close the connections, after the supervised tasks have ended."""
        await self.key_sets.close()
        if self._providers is not None:
            await self._providers.close()

    @property
    def alarms(self) -> Mapping[str, str]:
        """Problems that an operator should see."""
        alarms = {f"key set {r.shown}": r.fault for r in self.key_sets.remotes if r.fault}
        if self.key_sets.alarm:
            alarms["key set file"] = self.key_sets.alarm
        return alarms

    @property
    def status(self) -> Mapping[str, Any]:
        """The state of all key sets, for the inspection listener."""
        return {
            "remembered_tokens": self.tokens.remembered,
            "key_sets": [
                {
                    "url": remote.shown,
                    "keys": 0 if remote.keys is None else len(remote.keys.keys),
                    "keys_left_out": list(remote.key_faults),
                    "fetched_at": remote.fetched_at,
                    "fault": remote.fault,
                }
                for remote in self.key_sets.remotes
            ],
        }

    @property
    def key_sets_by_state(self) -> Mapping[str, int]:
        """Numbers of URLs: `current`, `stale` if the last fetch failed, `missing` if all did."""
        states = {"current": 0, "stale": 0, "missing": 0}
        for remote in self.key_sets.remotes:
            usable = "stale" if remote.fault else "current"
            states["missing" if remote.keys is None else usable] += 1
        return states

    async def _fetch(self, url: str, timeout_s: float) -> bytes:
        from adapter.identity.jwks.http_fetch import fetch_document  # noqa: PLC0415 - see the class

        return await fetch_document(await self._opened(), url, timeout_s)

    async def _opened(self) -> "ProviderClients":
        async with self._opening:
            if self._providers is None:
                # In a thread, so that Checks continue meanwhile.
                self._providers = await asyncio.to_thread(_opened, self._settings)
            return self._providers


def _opened(settings: IdentitySettings) -> "ProviderClients":
    from adapter.identity.outbound.address_guard import AddressGuard  # noqa: PLC0415 - see Identity
    from adapter.identity.outbound.provider_clients import ProviderClients  # noqa: PLC0415
    from adapter.identity.outbound.provider_url import UrlRules  # noqa: PLC0415
    from adapter.identity.outbound.tls import provider_tls  # noqa: PLC0415

    guard = AddressGuard(settings.allow_networks)
    rules = UrlRules(guard, allow_http=settings.allow_http, allowed_hosts=settings.allowed_hosts)
    tls = provider_tls(settings.ca_file, settings.certificate_file, settings.key_file)
    return ProviderClients(rules, guard, max_response_bytes=settings.max_response_bytes, tls=tls)


def _key_set_file(settings: Settings) -> KeySetFile | None:
    directory = settings.disk_copy.directory
    if directory is None:
        return None
    return KeySetFile(directory / "keys", settings.platform.client_secret.get_secret_value())
