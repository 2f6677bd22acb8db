# mypyc: compiled
"""Spans of the waits of a Check: for a shared quota store, an identity provider, an LDAP server."""

from collections.abc import Awaitable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from adapter.policy.effects.effect import Effect, Outcome
from adapter.policy.effects.quota import Charge, Throttle
from adapter.policy.effects.token import Introspect, VerifyToken
from adapter.policy.effects.use import UseOnce
from adapter.policy.effects.user import Authenticate
from adapter.runtime.deferred import Deferred
from adapter.runtime.spans import Span, Tracer

WAITS: Final[Mapping[type[Effect], str]] = MappingProxyType(
    {
        Charge: "wait for quota store",
        UseOnce: "wait for quota store",
        Throttle: "wait for spike control",
        Authenticate: "wait for LDAP server",
        VerifyToken: "wait for key set",
        Introspect: "wait for introspection",
    }
)
"""The names of the spans."""


def with_span(tracer: Tracer, effect: Effect, outcome: Awaitable[Outcome]) -> Awaitable[Outcome]:
    """The outcome of the effect, with a span around the wait for it if its Check has a span."""
    span = tracer.begin_wait(WAITS[type(effect)])
    return outcome if span is None else Deferred(partial(_waited, outcome, span))


async def _waited(outcome: Awaitable[Outcome], span: Span) -> Outcome:
    try:
        return await outcome
    except BaseException as e:
        span.fail(type(e).__name__)
        raise
    finally:
        span.end()
