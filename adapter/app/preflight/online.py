"""Asks the servers that the settings name: the platform, the quota store, the client provider."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from adapter.app.introspection import Introspection
from adapter.app.platform import Platform
from adapter.app.preflight.findings import Findings
from adapter.app.provider_clients import LazyProviderClients, provider_tls
from adapter.app.quotas import redis_client, redis_store
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.errors import AdapterError, ProviderError
from adapter.platform_client.protocol.platform_client import PlatformClient
from adapter.platform_client.protocol.translate import instances_from
from adapter.runtime.clock import SystemClock
from adapter.settings import Settings
from adapter.telemetry.metrics import Metrics

_PROVIDER_TIMEOUT_S: Final = 10.0
_MOST_IDS: Final = 10


@dataclass(slots=True)
class Answers(Findings):
    """What the servers answered."""

    good: list[str] = field(default_factory=list)
    """What works."""


async def examine_online(settings: Settings) -> Answers:
    """Ask every server, one after the other. The questions leave nothing there."""
    answers = Answers()
    questions: tuple[Callable[[Answers, Settings], Awaitable[None]], ...] = (
        _ask_platform,
        _ask_quota_store,
        _ask_client_provider,
    )
    for ask in questions:
        try:
            await ask(answers, settings)
        except AdapterError as e:
            answers.faults.append(str(e))
    return answers


async def _ask_platform(answers: Answers, settings: Settings) -> None:
    if settings.platform.account is None:
        return
    clock = SystemClock()
    platform = Platform(settings, SnapshotStore(clock), clock, Metrics())
    try:
        if platform.client is not None:
            await _ask_client(answers, platform.client, settings)
    finally:
        await platform.close()


async def _ask_client(answers: Answers, client: PlatformClient, settings: Settings) -> None:
    listed = list(instances_from((await client.assets()).rows, answers.notes.append))
    answers.good.append(f"platform: logged in; the environment has {len(listed)} API instances")
    await client.automated_policies()
    wanted = settings.platform.apis
    if wanted != "environment":
        unknown = [api_id for api_id in wanted if api_id not in listed]
        answers.faults.extend(_not_there(api_id, listed) for api_id in unknown)
        listed = [api_id for api_id in wanted if api_id in listed]
    if not listed:
        answers.notes.append("platform: there is no API instance to ask about yet")
        return
    policies = (await client.policies(listed[0])).rows or []
    async with client.contract_page(client.contract_feed(listed[0], None).url):
        pass
    answers.good.append(f"platform: API {listed[0]} has {len(policies)} policies of its own")


def _not_there(api_id: str, listed: list[str]) -> str:
    known = ", ".join(listed[:_MOST_IDS]) or "none"
    more = ", ..." if len(listed) > _MOST_IDS else ""
    return (
        f"platform.apis: the environment has no API instance {api_id}; it has {known}{more}; "
        "check platform.environment_id, too"
    )


async def _ask_quota_store(answers: Answers, settings: Settings) -> None:
    client = redis_client(settings.quota)
    if client is None:
        return
    store = redis_store(settings.quota, client, SystemClock())
    try:
        await store.probe()
    finally:
        await store.close()
    answers.good.append("quota store: it answers, and runs the script that counts")


async def _ask_client_provider(answers: Answers, settings: Settings) -> None:
    if settings.identity.client_provider.client_secret is None:
        return
    clock = SystemClock()
    clients = LazyProviderClients(settings.identity, provider_tls(settings.identity), clock)
    introspection = Introspection(settings.identity, clients, clock)
    try:
        await introspection.try_client_provider(_PROVIDER_TIMEOUT_S)
    except ProviderError as e:
        raise ProviderError(f"identity.client_provider: {e}") from None
    finally:
        await introspection.introspector.close()
        await clients.close()
    answers.good.append("client provider: it accepts our credentials and introspects tokens")
