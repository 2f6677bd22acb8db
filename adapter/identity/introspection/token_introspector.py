"""Settles `Introspect`: remembered answers first, and one question for each token."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Final, Protocol

from cachetools import TTLCache

from adapter.errors import OverloadError, ProviderError
from adapter.identity.introspection.active_tokens import ActiveTokens
from adapter.identity.introspection.provider_load import ProviderLoad
from adapter.policy.effects.token import (
    Introspect,
    IntrospectionState,
    RefusedToken,
    UnusableAnswer,
    VerifiedToken,
)
from adapter.policy.tokens.introspection import Introspected, IntrospectionSource
from adapter.runtime.clock import Clock
from adapter.runtime.deferred import Deferred

_ANSWER_IN: Final = 0.8
"""The part of Envoy's deadline that a Check may wait, so that our answer comes in time."""
_PLACE_CHARS: Final = 1_024
_CLIENT_PROVIDER: Final = "the client provider"
_INACTIVE: Final = RefusedToken("the provider says that the token is not active")


class AskProvider(Protocol):
    """Asks a provider about a token."""

    async def __call__(self, source: IntrospectionSource, token: str) -> Introspected:
        """Raises ProviderError if it is down or too slow, ValueError if its answer is unusable."""


@dataclass(frozen=True, slots=True)
class IntrospectorOptions:
    """How much is remembered."""

    max_remembered: int
    """Most active tokens, over all policies."""
    max_refused: int
    """Most refused tokens."""
    refused_s: float
    """How long a refused token is refused without asking again."""
    clock_skew_s: float
    """How much the clocks of providers may differ from ours."""


class TokenIntrospector:
    """See `authorization.ports.TokenIntrospector`.

    Tokens are remembered by their digest. Active and refused ones have memories of their own, so
    that a flood of invented tokens drops no good one. All Checks with one token share a question.
    It goes on if a Check cannot wait any longer, so that the next Check finds its answer.
    """

    def __init__(
        self, ask: AskProvider, load: ProviderLoad, options: IntrospectorOptions, clock: Clock
    ) -> None:
        self.counts: Counter[str] = Counter()
        """Questions and remembered answers by result."""
        self.load: Final = load
        self._ask = ask
        self._clock = clock
        self._skew_s = options.clock_skew_s
        self.active: Final = ActiveTokens(options.max_remembered)
        self._refused: TTLCache[bytes, RefusedToken] = TTLCache(
            options.max_refused, options.refused_s, clock.monotonic
        )
        self._running: dict[bytes, asyncio.Task[IntrospectionState]] = {}

    @property
    def remembered_refused(self) -> int:
        """Refused tokens that are remembered."""
        return int(self._refused.currsize)

    def introspect(
        self, effect: Introspect, wait_at_most_s: float | None
    ) -> IntrospectionState | Awaitable[IntrospectionState]:
        """See `ports.TokenIntrospector`."""
        source = effect.source
        digest = sha256(effect.token.encode()).digest()
        known = self.active.get(source, digest, self._clock.monotonic())
        if known is not None:
            self.counts["remembered"] += 1
            return known
        name = source.name + digest
        refused = self._refused.get(name)
        if refused is not None:
            self.counts["remembered_refused"] += 1
            return refused
        question = self._running.get(name) or self._begun(name, effect, digest)
        return Deferred(partial(_answer, question, source, wait_at_most_s))

    async def close(self) -> None:
        """End all questions."""
        questions = tuple(self._running.values())
        for question in questions:
            question.cancel()
        await asyncio.gather(*questions, return_exceptions=True)

    def _begun(
        self, name: bytes, effect: Introspect, digest: bytes
    ) -> "asyncio.Task[IntrospectionState]":
        provider = provider_name(effect.source)
        try:
            self.load.enter(provider)
        except OverloadError:
            self.counts["overload"] += 1
            raise
        except ProviderError as e:
            self.counts["not_asked"] += 1
            raise ProviderError(f"{provider}: {e}") from None
        question = asyncio.create_task(self._question(name, effect, digest))
        self._running[name] = question

        def ended(question: asyncio.Task[IntrospectionState]) -> None:
            del self._running[name]
            self._leave(provider, question)

        question.add_done_callback(ended)
        return question

    def _leave(self, provider: str, question: "asyncio.Task[IntrospectionState]") -> None:
        """Report how the question went."""
        if question.cancelled():
            self.load.leave(provider)
            return
        failure = question.exception()
        if failure is not None:
            self.load.leave(provider, failure=str(failure) or type(failure).__name__)
            return
        state = question.result()
        complaint = state.why if isinstance(state, UnusableAnswer) else ""
        self.load.leave(provider, complaint=complaint)

    async def _question(self, name: bytes, effect: Introspect, digest: bytes) -> IntrospectionState:
        source = effect.source
        try:
            async with asyncio.timeout(source.timeout_s):
                found = await self._ask(source, effect.token)
        except ValueError as e:
            self.counts["unusable"] += 1
            return UnusableAnswer(f"{provider_name(source)}: {e}")
        except (ProviderError, TimeoutError) as e:
            self.counts["failed"] += 1
            why = str(e) or f"no answer within {source.timeout_s:g} s"
            raise ProviderError(f"{provider_name(source)}: {why}") from None
        objection = found.lifetime.objection(self._clock.now(), self._skew_s)
        if not found.active or objection is not None:
            self.counts["refused"] += 1
            refused = _INACTIVE if objection is None else RefusedToken(objection)
            self._refused[name] = refused
            return refused
        self.counts["active"] += 1
        return self._remembered(source, digest, found)

    def _remembered(
        self, source: IntrospectionSource, digest: bytes, found: Introspected
    ) -> VerifiedToken:
        outcome = VerifiedToken(found.claims)
        for_s = source.remember_s(found.lifetime, self._clock.now())
        if for_s > 0:
            now = self._clock.monotonic()
            size = 1 + found.size // _PLACE_CHARS
            self.active.put(source, digest, outcome, size, until=now + for_s, now=now)
        return outcome


def provider_name(source: IntrospectionSource) -> str:
    """The provider for operators: the URL without its query, which may hold a secret."""
    return source.url.partition("?")[0] or _CLIENT_PROVIDER


async def _answer(
    question: "asyncio.Task[IntrospectionState]",
    source: IntrospectionSource,
    wait_at_most_s: float | None,
) -> IntrospectionState:
    """Wait for the question, but not longer than Envoy waits."""
    limit_s = None if wait_at_most_s is None else max(0.0, wait_at_most_s * _ANSWER_IN)
    ended, _ = await asyncio.wait({question}, timeout=limit_s)
    if not ended:
        raise ProviderError(f"{provider_name(source)}: no answer within Envoy's deadline")
    return question.result()
