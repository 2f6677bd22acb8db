"""Makes the way to identity providers from the settings."""

from collections.abc import Mapping
from typing import Any

from adapter.app.introspection import Introspection
from adapter.app.provider_clients import LazyProviderClients, provider_tls
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.identity.jwks.key_set_file import KeySetFile
from adapter.identity.jwks.key_sets import KeySets
from adapter.identity.tokens.verifier import TokenVerifier
from adapter.runtime.clock import Clock
from adapter.runtime.supervision import Supervisor
from adapter.settings import Settings
from adapter.telemetry.counters import KeySetCounters
from adapter.telemetry.metrics import Metrics


class Identity:
    """Key sets, the memories of tokens, and the clients for identity providers."""

    def __init__(
        self, settings: Settings, snapshots: SnapshotStore, clock: Clock, metrics: Metrics
    ) -> None:
        identity = settings.identity
        self.tls = provider_tls(identity)
        self._clients = LazyProviderClients(identity, self.tls, clock)
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
        self.introspection = Introspection(identity, self._clients, clock)

    async def start(self, supervisor: Supervisor) -> None:
        """Use key sets from before a restart, and keep all of them up to date."""
        await self.key_sets.restore()
        supervisor.start("key_sets", self.key_sets.run)

    async def stop(self) -> None:
        """Save key sets and close the connections, after the supervised tasks have ended."""
        await self.key_sets.close()
        await self.introspection.introspector.close()
        await self._clients.close()

    @property
    def alarms(self) -> Mapping[str, str]:
        """Problems that an operator should see."""
        alarms = {
            f"key set {remote.shown}": remote.fault or "not fetched yet"
            for remote in self.key_sets.remotes
            if remote.fault or remote.keys is None
        }
        if self.key_sets.alarm:
            alarms["key set file"] = self.key_sets.alarm
        return {**alarms, **self.introspection.alarms}

    @property
    def status(self) -> Mapping[str, Any]:
        """The state of all key sets, for the inspection listener."""
        return {
            "remembered_tokens": self.tokens.remembered,
            "introspection": self.introspection.status,
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
        from adapter.identity.jwks.http_fetch import fetch_document  # noqa: PLC0415 - see the clients

        return await fetch_document(await self._clients(), url, timeout_s)


def _key_set_file(settings: Settings) -> KeySetFile | None:
    directory, account = settings.disk_directory, settings.platform.account
    if directory is None or account is None:
        return None
    return KeySetFile(directory / "keys", account.client_secret.get_secret_value())
