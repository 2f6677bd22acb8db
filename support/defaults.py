"""Parts of the adapter with the defaults of its settings, for tests and benchmarks.

Callers name only what they change, so all other values are those that users have.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from adapter.analytics.attribution import BoundApi
from adapter.analytics.event import EventEncoder
from adapter.analytics.observer import AnalyticsObserver
from adapter.analytics.spool.batch import BatchLimit
from adapter.analytics.spool.disk import AHEAD, DiskSpool
from adapter.analytics.spool.memory import MemorySpool
from adapter.analytics.translator import EntryTranslator
from adapter.analytics.uploader import UploadOptions
from adapter.app import analytics, checks, quotas, server
from adapter.app.introspection import Introspection
from adapter.app.ldap import LdapUsers
from adapter.app.provider_clients import LazyProviderClients, provider_tls
from adapter.authorization.decision_sample import DecisionSample
from adapter.authorization.denial_log import DenialLog
from adapter.authorization.gatekeeper import Gatekeeper
from adapter.authorization.ports import PlatformContact
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.envoy_config import ApiRoute, EnvoyConfig
from adapter.errors import ProviderError
from adapter.ext_authz.check.request import ADDRESS_HEADER
from adapter.ext_authz.response.writer import ResponseWriter
from adapter.ext_authz.waiting_checks import WaitingChecks
from adapter.identity.introspection.token_introspector import TokenIntrospector
from adapter.identity.jwks.key_set_file import KeySetFile
from adapter.identity.jwks.key_sets import KeySets
from adapter.identity.jwks.remote_key_set import FetchKeys
from adapter.identity.tokens.verifier import TokenVerifier
from adapter.quota.memory.store import MemoryQuotaStore
from adapter.quota.names import WindowNames
from adapter.quota.redis.client import RedisClient, RedisOptions
from adapter.quota.redis.store import RedisQuotaStore
from adapter.quota.shared import ProbedQuotaStore, SharedQuotaStore
from adapter.runtime.clock import Clock
from adapter.settings import (
    AnalyticsSettings,
    GatekeeperSettings,
    IdentitySettings,
    ListenerSettings,
    ObservabilitySettings,
    QuotaSettings,
    RequestSettings,
    ShutdownSettings,
)
from adapter.transport.options import ServerOptions


def server_options(*addresses: str, **changes: Any) -> ServerOptions:
    """Options of a server that stops at once; without an address, on a free port of loopback."""
    options = server.server_options(ListenerSettings(), ShutdownSettings())
    quick: dict[str, Any] = {"drain_s": 0, "stream_end_s": 0, "stop_s": 1}
    return replace(options, addresses=addresses or ("127.0.0.1:0",), **(quick | changes))


def waiting_checks(clock: Clock) -> WaitingChecks:
    """The Checks that wait."""
    return WaitingChecks(ListenerSettings().max_waiting_checks, clock)


def upload_options(**changes: Any) -> UploadOptions:
    """Options of an uploader."""
    return replace(analytics.upload_options(AnalyticsSettings()), **changes)


def memory_spool() -> MemorySpool:
    """A spool in memory that nobody observes."""
    settings = AnalyticsSettings()
    return MemorySpool(settings.max_events, settings.max_bytes)


def disk_spool(
    path: Path,
    clock: Clock,
    observer: AnalyticsObserver | None = None,
    *,
    ahead: BatchLimit = AHEAD,
    **changes: Any,
) -> DiskSpool:
    """A spool on disk. `changes` are settings of the group `analytics`."""
    settings = AnalyticsSettings(**changes)
    return analytics.disk_spool(settings, path, clock, observer or AnalyticsObserver(), ahead)


def entry_translator(bound_api: BoundApi, encoder: EventEncoder) -> EntryTranslator:
    """A translator of access log entries into events for our control plane."""
    include_client_ip = AnalyticsSettings().include_client_ip
    return EntryTranslator(
        bound_api,
        encoder,
        include_client_ip=include_client_ip,
        takes_own_members=lambda: True,
        unchecked=lambda _: None,
    )


def memory_quotas(clock: Clock, **changes: Any) -> MemoryQuotaStore:
    """A store that counts in this process."""
    return MemoryQuotaStore(clock, **({"max_windows": QuotaSettings().max_windows} | changes))


def redis_options(**changes: Any) -> RedisOptions:
    """Options of a client of a shared store."""
    return replace(quotas.redis_options(QuotaSettings()), **changes)


def redis_quotas(
    client: RedisClient, clock: Clock, names: WindowNames | None = None, **changes: Any
) -> RedisQuotaStore:
    """A store that counts on the client's server."""
    settings = QuotaSettings()
    how: dict[str, Any] = {
        "max_windows": settings.max_windows,
        "connections": settings.connections,
        "deadline_s": settings.deadline_s,
        "prefix": settings.prefix,
    }
    return RedisQuotaStore(client, names or WindowNames(), clock, **(how | changes))


def shared_quotas(
    remote: ProbedQuotaStore, local: MemoryQuotaStore, clock: Clock, **changes: Any
) -> SharedQuotaStore:
    """A store that counts in the remote one while it answers."""
    how = {"when_down": QuotaSettings().when_down} | changes
    return SharedQuotaStore(remote, local, clock, **how)


def ldap_users(clock: Clock, **changes: Any) -> LdapUsers:
    """What authenticates users, with these settings of the group `identity`."""
    settings = IdentitySettings(**changes)
    return LdapUsers(settings, provider_tls(settings), clock)


def gatekeeper(clock: Clock, contact: PlatformContact, **changes: Any) -> Gatekeeper:
    """A gatekeeper of the platform's snapshot."""
    settings = GatekeeperSettings()
    how: dict[str, Any] = {"mode": settings.mode, "max_age_s": settings.max_age_s}
    return Gatekeeper(clock, contact, **(how | changes))


async def no_providers(url: str, timeout_s: float) -> bytes:
    """Fetch nothing, because there is no identity provider."""
    raise ProviderError(f"no provider at {url} within {timeout_s:g} s")


def key_sets(
    clock: Clock,
    snapshots: SnapshotStore | None = None,
    fetch: FetchKeys = no_providers,
    file: KeySetFile | None = None,
    **changes: Any,
) -> KeySets:
    """Key sets of the policies in the snapshot."""
    how = {"cooldown_s": IdentitySettings().jwks_cooldown_s} | changes
    return KeySets(snapshots or SnapshotStore(clock), fetch, clock, file=file, **how)


def token_verifier(clock: Clock, keys: KeySets | None = None, **changes: Any) -> TokenVerifier:
    """A verifier of tokens; without `keys`, it knows only the keys that policies contain."""
    settings = IdentitySettings()
    how: dict[str, Any] = {
        "max_remembered": settings.max_remembered_tokens,
        "clock_skew_s": settings.clock_skew_s,
    }
    return TokenVerifier(keys or key_sets(clock), clock, **(how | changes))


def provider_clients(settings: IdentitySettings, clock: Clock) -> LazyProviderClients:
    """The clients for identity providers."""
    return LazyProviderClients(settings, provider_tls(settings), clock)


def token_introspector(clock: Clock, **changes: Any) -> TokenIntrospector:
    """An introspector of tokens that may call only the providers that the settings allow."""
    settings = IdentitySettings(**changes)
    return Introspection(settings, provider_clients(settings, clock), clock).introspector


def response_writer() -> ResponseWriter:
    """A writer of answers to Checks."""
    return checks.response_writer(RequestSettings())


def denial_log(clock: Clock, **changes: Any) -> DenialLog:
    """A log of the last denials."""
    how: dict[str, Any] = {
        "capacity": ObservabilitySettings().denials,
        "keep_addresses": AnalyticsSettings().include_client_ip,
    }
    return DenialLog(clock, **(how | changes))


def decision_sample(clock: Clock) -> DecisionSample:
    """The sample of allowed requests."""
    return checks.decision_sample(AnalyticsSettings(), clock, sends_events=True)


def envoy_config(apis: Sequence[ApiRoute], adapters: Sequence[str], **changes: Any) -> EnvoyConfig:
    """An Envoy in front of the adapters, on free ports of loopback."""
    config = EnvoyConfig(
        tuple(apis),
        tuple(adapters),
        listen="127.0.0.1:0",
        admin="127.0.0.1:0",
        header_prefix=RequestSettings().identity_header_prefix,
        client_address_header=ADDRESS_HEADER,
    )
    return replace(config, **changes)
