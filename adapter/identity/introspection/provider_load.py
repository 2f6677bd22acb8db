"""How much each identity provider is asked, and when one that fails is left alone."""

import structlog

from adapter.errors import OverloadError, ProviderError
from adapter.runtime.backoff import Backoff, Jitter
from adapter.runtime.clock import Clock
from adapter.runtime.shares import Shares

_FAILURES = 5
"""Failures in a row until a provider is left alone for a while. Single ones do not count, because a
strange token may cause one."""
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0
_SECONDS_BETWEEN_LINES = 60.0
"""Clients can cause faults, so a provider gets at most one line in the log in this time."""


class _Provider:
    """How the questions to one provider go."""

    def __init__(self, jitter: Jitter) -> None:
        self.running = 0
        self.failures = 0
        self.fault = ""
        """Why the last question was not answered, or its answer could not be used."""
        self.log_at = 0.0
        self.resume_at = 0.0
        self.backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S, jitter)

    @property
    def fails(self) -> bool:
        return self.failures >= _FAILURES


class ProviderLoad:
    """Bounds the questions that run at the same time, over all providers and for each.

    One provider gets at most half of the places (`Shares`), so one that is slow does not keep the
    others from being asked. A provider that failed several times in a row is not asked during a
    pause, and after it by one question at a time until one succeeds.
    """

    def __init__(self, most: int, clock: Clock, jitter: Jitter) -> None:
        self._places = Shares(most)
        self._clock = clock
        self._jitter = jitter
        self._providers: dict[str, _Provider] = {}

    @property
    def running(self) -> int:
        """Questions that run now."""
        return sum(provider.running for provider in self._providers.values())

    @property
    def faults(self) -> dict[str, str]:
        """What was wrong with the last question to a provider, by its name."""
        return {name: each.fault for name, each in self._providers.items() if each.fault}

    @property
    def failing(self) -> int:
        """Providers that are left alone because they fail."""
        return sum(provider.fails for provider in self._providers.values())

    def enter(self, name: str) -> None:
        """Take a place for a question to that provider; call `leave` after it.

        Raises OverloadError if there is no place, and ProviderError if it is left alone now.
        """
        provider = self._providers.get(name) or self._added(name)
        if provider.fails:
            self._check_pause(provider)
        if not self._places.take(name):
            raise OverloadError("too many tokens are being introspected at the same time")
        provider.running += 1

    def leave(self, name: str, *, failure: str = "", complaint: str = "") -> None:
        """Give the place back.

        `failure`: why the provider gave no answer. `complaint`: why its answer could not be used;
        such a provider is not left alone, because one strange token may cause it.
        """
        provider = self._providers[name]
        provider.running -= 1
        self._places.give_back(name)
        provider.fault = failure or complaint
        self._log(name, provider)
        if not failure:
            provider.failures = 0
            provider.backoff.succeeded()
            return
        provider.failures += 1
        if provider.fails:
            provider.resume_at = self._clock.monotonic() + provider.backoff.failed()

    def _log(self, name: str, provider: _Provider) -> None:
        now = self._clock.monotonic()
        if provider.fault and now >= provider.log_at:
            provider.log_at = now + _SECONDS_BETWEEN_LINES
            structlog.get_logger().warning(
                "introspection.failed", provider=name, reason=provider.fault
            )

    def _check_pause(self, provider: _Provider) -> None:
        if provider.running or self._clock.monotonic() < provider.resume_at:
            raise ProviderError(f"not asked now, because it fails: {provider.fault}")

    def _added(self, name: str) -> _Provider:
        idle = [n for n, each in self._providers.items() if not each.running and not each.fault]
        for unused in idle:
            del self._providers[unused]
        provider = self._providers[name] = _Provider(self._jitter)
        return provider
