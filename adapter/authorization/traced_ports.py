# mypyc: compiled
"""Spans of the waits of a Check: for a shared quota store, an identity provider, an LDAP server."""

from collections.abc import Awaitable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from adapter.authorization.effect_ports import EffectPort
from adapter.policy.effects.effect import Effect, Outcome
from adapter.policy.effects.quota import Charge, Throttle
from adapter.policy.effects.token import Introspect, VerifyToken
from adapter.policy.effects.use import UseOnce
from adapter.policy.effects.user import Authenticate
from adapter.policy.request.attributes import RequestAttributes
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


class TracedPort(EffectPort):
    """Settles an effect as another port does, and makes a span of the wait, if there is one."""

    def __init__(self, port: EffectPort, name: str, tracer: Tracer) -> None:
        self._port: Final = port
        self._name: Final = name
        self._tracer: Final = tracer

    def settle(
        self, request: RequestAttributes, effect: Effect, waited_s: float, /
    ) -> Outcome | Awaitable[Outcome]:
        """See `EffectPort`."""
        outcome = self._port.settle(request, effect, waited_s)
        if isinstance(outcome, Outcome):
            return outcome
        span = self._tracer.begin_wait(self._name)
        return outcome if span is None else Deferred(partial(_waited, outcome, span))


async def _waited(outcome: Awaitable[Outcome], span: Span) -> Outcome:
    try:
        return await outcome
    except BaseException as e:
        span.fail(type(e).__name__)
        raise
    finally:
        span.end()


def traced_ports(
    ports: Mapping[type[Effect], EffectPort], tracer: Tracer
) -> dict[type[Effect], EffectPort]:
    """The same ports, those that may wait with spans."""
    return {
        kind: TracedPort(port, WAITS[kind], tracer) if kind in WAITS else port
        for kind, port in ports.items()
    }
