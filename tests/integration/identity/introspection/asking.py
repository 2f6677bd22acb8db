"""An introspector that may call providers on loopback, and how tests ask it."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

from adapter.app.introspection import Introspection
from adapter.policy.effects.token import IntrospectionState
from adapter.policy.tokens.introspection import IntrospectionSource
from adapter.runtime.clock import Clock, SystemClock
from adapter.settings import IdentitySettings
from support.defaults import provider_clients
from tests.rig.identity_provider import GATEWAY, authorization
from tests.unit.identity.asked_provider import a_source, an_effect

PATIENT_S = 20.0
"""No test fails because the machine is slow."""


@asynccontextmanager
async def introspection(
    clock: Clock | None = None, **settings: Any
) -> AsyncIterator[Introspection]:
    """Introspection with the defaults of the settings."""
    group = IdentitySettings(allow_http=True, allow_networks=["127.0.0.0/8"], **settings)
    clock = clock or SystemClock()
    clients = provider_clients(group, clock)
    made = Introspection(group, clients, clock)
    try:
        yield made
    finally:
        await made.introspector.close()
        await clients.close()


def source_at(url: str, **changes: Any) -> IntrospectionSource:
    """A source at that URL, with the gateway's credentials."""
    values: dict[str, Any] = {"timeout_s": PATIENT_S} | changes
    return a_source(url, authorization=authorization(*GATEWAY), **values)


async def answer(
    by: Introspection, source: IntrospectionSource, token: str, wait_s: float = PATIENT_S
) -> IntrospectionState:
    """What a Check with that token gets."""
    state = by.introspector.introspect(an_effect(token, source), wait_s)
    return await state if isinstance(state, Awaitable) else state
