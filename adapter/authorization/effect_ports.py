# mypyc: compiled
"""Which port settles which kind of effect.

The entries are objects and not functions, because compiled code calls their methods directly.
"""

from collections.abc import Awaitable, Mapping
from functools import partial
from typing import Final, TypeAlias, cast

from adapter.authorization.ports import (
    MessageLog,
    QuotaStore,
    Throttler,
    TokenIntrospector,
    TokenVerifier,
    UserVerifier,
)
from adapter.policy.effects.effect import Effect, Outcome
from adapter.policy.effects.log import LOGGED, Log
from adapter.policy.effects.quota import Charge, QuotaState, Throttle
from adapter.policy.effects.token import Introspect, VerifyToken
from adapter.policy.effects.use import Usage, UseOnce
from adapter.policy.effects.user import Authenticate
from adapter.policy.request.attributes import RequestAttributes, timeout_s
from adapter.policy.verdicts import Conclusion
from adapter.runtime.clock import Clock
from adapter.runtime.deferred import Deferred


class EffectPort:
    """Settles one kind of effect."""

    def settle(
        self, request: RequestAttributes, effect: Effect, waited_s: float, /
    ) -> Outcome | Awaitable[Outcome]:
        """Return the outcome, or an awaitable of it.

        `waited_s` says how long the Check has already waited for other effects.
        """
        raise NotImplementedError


EffectPorts: TypeAlias = Mapping[type[Effect], EffectPort]


class ChargePort(EffectPort):
    """Has the quota store settle charges."""

    def __init__(self, quotas: QuotaStore) -> None:
        self._quotas: Final = quotas

    def settle(
        self, request: RequestAttributes, effect: Effect, _: float, /
    ) -> Outcome | Awaitable[Outcome]:
        """See `QuotaStore`."""
        return self._quotas.charge(request.check_id, cast(Charge, effect))


class ThrottlePort(EffectPort):
    """Has spike control settle throttles within the time that Envoy leaves for the Check."""

    def __init__(self, throttler: Throttler) -> None:
        self._throttler: Final = throttler

    def settle(
        self, request: RequestAttributes, effect: Effect, waited_s: float, /
    ) -> Outcome | Awaitable[Outcome]:
        """See `Throttler`."""
        left_s = _left_s(request, waited_s)
        return self._throttler.throttle(request.check_id, cast(Throttle, effect), left_s)


class LogPort(EffectPort):
    """Hands messages to the log."""

    def __init__(self, messages: MessageLog) -> None:
        self._messages: Final = messages

    def settle(
        self, __: RequestAttributes, effect: Effect, _: float, /
    ) -> Outcome | Awaitable[Outcome]:
        """See `MessageLog`."""
        self._messages.offer(cast(Log, effect).messages)
        return LOGGED


class AuthenticatePort(EffectPort):
    """Has users authenticated within the time that Envoy leaves for the Check."""

    def __init__(self, users: UserVerifier) -> None:
        self._users: Final = users

    def settle(
        self, request: RequestAttributes, effect: Effect, waited_s: float, /
    ) -> Outcome | Awaitable[Outcome]:
        """See `UserVerifier`."""
        return self._users.verify(cast(Authenticate, effect), _left_s(request, waited_s))


class TokenPort(EffectPort):
    """Has tokens verified within the time that Envoy leaves for the Check."""

    def __init__(self, tokens: TokenVerifier, envoy_payload: str = "") -> None:
        self._tokens: Final = tokens
        self._envoy_payload: Final = envoy_payload
        """The name of the payloads that Envoy verified; empty if the operator does not say that
        they count."""

    def settle(
        self, request: RequestAttributes, effect: Effect, waited_s: float, /
    ) -> Outcome | Awaitable[Outcome]:
        """See `TokenVerifier`."""
        token = cast(VerifyToken, effect)
        found = None
        if self._envoy_payload:
            payload = request.envoy_payloads.get(self._envoy_payload)
            found = self._tokens.verified_by_envoy(token, payload)
        if found is None:
            found = self._tokens.verify(token)
        if found is not None:
            return found
        return self._tokens.verify_later(token, _left_s(request, waited_s))


class IntrospectPort(EffectPort):
    """Has tokens introspected within the time that Envoy leaves for the Check."""

    def __init__(self, tokens: TokenIntrospector) -> None:
        self._tokens: Final = tokens

    def settle(
        self, request: RequestAttributes, effect: Effect, waited_s: float, /
    ) -> Outcome | Awaitable[Outcome]:
        """See `TokenIntrospector`."""
        return self._tokens.introspect(cast(Introspect, effect), _left_s(request, waited_s))


class UseOncePort(EffectPort):
    """Knows the time, and has the quota store remember what was used: a quota of one.

    So processes that share quotas share this memory too. A Check that Envoy repeats is no second
    use.
    """

    def __init__(self, quotas: QuotaStore, clock: Clock, clock_skew_s: float) -> None:
        self._quotas: Final = quotas
        self._clock: Final = clock
        self._skew_s: Final = clock_skew_s

    def settle(
        self, request: RequestAttributes, effect: Effect, _: float, /
    ) -> Outcome | Awaitable[Outcome]:
        """Refuse what is too old, from the future, or used before."""
        use = cast(UseOnce, effect)
        age_s = self._clock.now() - use.issued_at
        if age_s > use.max_age_s + self._skew_s:
            return Usage(f"it is older than {use.max_age_s:g} s")
        if age_s < -self._skew_s:
            return Usage("it is from the future: the clocks differ")
        state = self._quotas.charge(request.check_id, self._charge(use))
        if isinstance(state, QuotaState):
            return _usage(state)
        return Deferred(partial(_usage_later, state))

    def _charge(self, use: UseOnce) -> Charge:
        valid_s = use.max_age_s + 2 * self._skew_s  # from the earliest use to the latest
        window = (1, int(valid_s * 1_000) + 1, *use.name)
        return Charge((window,), _never_judged, figures=False, must_count=True)


def _never_judged(_: QuotaState) -> Conclusion:
    raise TypeError("this charge is part of another effect, which is judged in its place")


def _usage(state: QuotaState) -> Usage:
    if state.unknown:
        return Usage(unknown=state.unknown)
    return Usage() if state.admitted else Usage("it was used before")


async def _usage_later(state: Awaitable[QuotaState]) -> Usage:
    return _usage(await state)


def _left_s(request: RequestAttributes, waited_s: float) -> float | None:
    """How long the Check may still wait; None if Envoy does not say."""
    patience_s = timeout_s(request)
    return None if patience_s is None else patience_s - waited_s


def effect_ports(
    *,
    quotas: QuotaStore,
    throttler: Throttler,
    messages: MessageLog,
    users: UserVerifier,
    tokens: TokenVerifier,
    introspector: TokenIntrospector,
    clock: Clock,
    clock_skew_s: float,
    envoy_payload: str = "",
) -> dict[type[Effect], EffectPort]:
    """The table that the authorizer looks the port of an effect up in."""
    return {
        Charge: ChargePort(quotas),
        Throttle: ThrottlePort(throttler),
        Log: LogPort(messages),
        Authenticate: AuthenticatePort(users),
        VerifyToken: TokenPort(tokens, envoy_payload),
        Introspect: IntrospectPort(introspector),
        UseOnce: UseOncePort(quotas, clock, clock_skew_s),
    }
