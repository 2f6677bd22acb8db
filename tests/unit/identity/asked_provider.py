"""Where tests have tokens introspected: a function with a script."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from adapter.identity.introspection.provider_load import ProviderLoad
from adapter.identity.introspection.token_introspector import (
    IntrospectorOptions,
    TokenIntrospector,
)
from adapter.policy.concealed import Concealed
from adapter.policy.effects.token import Introspect, IntrospectionState
from adapter.policy.tokens.claims import Lifetime
from adapter.policy.tokens.introspection import Introspected, IntrospectionSource
from tests.rig.clock import FakeClock

NOW = FakeClock().now()


class AskedProvider:
    """Says what it knows about tokens, when `held` lets it. It has not heard of other tokens."""

    def __init__(self) -> None:
        self.known: dict[str, Introspected] = {}
        self.fault: Exception | None = None
        self.asked: list[str] = []
        self.held = asyncio.Event()
        self.held.set()

    def add(self, token: str, expires_in: float | None = 60, **claims: Any) -> None:
        """Let the token be active."""
        expires = None if expires_in is None else NOW + expires_in
        self.known[token] = Introspected(True, claims, Lifetime(None, expires), 100)

    async def ask(self, source: IntrospectionSource, token: str) -> Introspected:
        """See `AskProvider`."""
        self.asked.append(token)
        await self.held.wait()
        if self.fault is not None:
            raise self.fault
        return self.known.get(token, Introspected(False, {}, Lifetime(), 16))


def a_source(
    url: str = "https://idp.test/introspect", authorization: str = "Basic secret", **changes: Any
) -> IntrospectionSource:
    """A source that remembers tokens until they expire."""
    values: dict[str, Any] = {
        "timeout_s": 10,
        "longest_s": float("inf"),
        "without_exp_s": 0,
        "max_remembered": 1_000,
    }
    return IntrospectionSource(url, Concealed(authorization), **values | changes)


def an_effect(token: str, source: IntrospectionSource | None = None) -> Introspect:
    """Ask whether a token is active."""
    return Introspect(Concealed(token), source or a_source(), _unjudged)


def _unjudged(_: IntrospectionState) -> Any:
    raise AssertionError("only the policy judges")


def an_introspector(
    provider: AskedProvider, clock: FakeClock, *, most_questions: int = 100, **changes: Any
) -> TokenIntrospector:
    """An introspector that asks this provider."""
    options: dict[str, Any] = {
        "max_remembered": 100,
        "max_refused": 100,
        "refused_s": 5,
        "clock_skew_s": 0,
    }
    load = ProviderLoad(most_questions, clock, lambda: 0.0)
    return TokenIntrospector(provider.ask, load, IntrospectorOptions(**options | changes), clock)


async def state_of(
    introspector: TokenIntrospector, effect: Introspect, wait_s: float | None = None
) -> IntrospectionState:
    """What a Check gets."""
    state = introspector.introspect(effect, wait_s)
    return await state if isinstance(state, Awaitable) else state
