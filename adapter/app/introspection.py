"""Introspection of tokens, as the settings say."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from adapter.errors import ProviderError
from adapter.identity.introspection.client_provider import ClientProvider, IntrospectionEndpoint
from adapter.identity.introspection.provider_load import ProviderLoad
from adapter.identity.introspection.provider_question import introspect
from adapter.identity.introspection.token_introspector import (
    IntrospectorOptions,
    TokenIntrospector,
)
from adapter.policy.tokens.introspection import Introspected, IntrospectionSource
from adapter.runtime.clock import Clock
from adapter.settings import IdentitySettings

if TYPE_CHECKING:
    from adapter.identity.outbound.provider_client import ProviderAnswer
    from adapter.identity.outbound.provider_clients import ProviderClients

_UNKNOWN: Final = "check-config"
"""A token that nobody has."""
OpenClients: TypeAlias = "Callable[[], Awaitable[ProviderClients]]"
"""Opens the clients for identity providers when they are first needed."""


class Introspection:
    """The introspector of tokens, and the operator's client provider."""

    def __init__(self, settings: IdentitySettings, clients: OpenClients, clock: Clock) -> None:
        self._clients = clients
        self._client_provider = self._made_client_provider(settings, clock)
        self.introspector = TokenIntrospector(
            self._ask,
            ProviderLoad(settings.introspection_concurrency, clock, random.random),
            IntrospectorOptions(
                max_remembered=settings.max_remembered_tokens,
                max_refused=settings.max_remembered_tokens,
                refused_s=settings.refused_token_s,
                clock_skew_s=settings.clock_skew_s,
            ),
            clock,
        )

    @property
    def alarms(self) -> Mapping[str, str]:
        """Providers that fail, or whose answers cannot be used."""
        faults = self.introspector.load.faults
        return {f"identity provider {name}": fault for name, fault in faults.items()}

    @property
    def status(self) -> Mapping[str, Any]:
        """What is remembered and what runs, for the inspection listener."""
        introspector = self.introspector
        return {
            "remembered_active": introspector.active.used,
            "remembered_refused": introspector.remembered_refused,
            "running": introspector.load.running,
            "failing_providers": introspector.load.faults,
        }

    async def try_client_provider(self, timeout_s: float) -> None:
        """Ask the client provider about a token that nobody has.

        Raises ProviderError if it cannot be reached, refuses our credentials, or answers anything
        else that cannot be used. Only for settings that have a client provider.
        """
        if self._client_provider is None:
            return
        endpoint = await self._client_provider.endpoint(timeout_s)
        try:
            async with asyncio.timeout(timeout_s):
                await introspect(await self._clients(), endpoint, _UNKNOWN, timeout_s)
        except TimeoutError:
            raise ProviderError(f"it did not answer within {timeout_s:g} s") from None
        except ValueError as e:
            raise ProviderError(str(e)) from None

    async def _ask(self, source: IntrospectionSource, token: str) -> Introspected:
        """See `AskProvider`."""
        if source.url:
            endpoint = IntrospectionEndpoint(
                source.url, {"authorization": str(source.authorization)}
            )
        elif self._client_provider is not None:
            endpoint = await self._client_provider.endpoint(source.timeout_s)
        else:
            raise ValueError("identity.client_provider is not set")
        return await introspect(await self._clients(), endpoint, token, source.timeout_s)

    async def _get(self, url: str, timeout_s: float) -> "ProviderAnswer":
        """See `GetDocument`."""
        clients = await self._clients()
        return await clients.client_for(url).get(
            url, timeout_s=timeout_s, accept="application/json"
        )

    def _made_client_provider(
        self, settings: IdentitySettings, clock: Clock
    ) -> ClientProvider | None:
        given = settings.client_provider
        if given.client_secret is None:
            return None
        return ClientProvider(
            self._get,
            clock,
            introspection_url=given.introspection_url,
            issuer=given.issuer,
            client_id=given.client_id,
            client_secret=given.client_secret.get_secret_value(),
        )
