"""How the polls of one thing go, and when the next one is due."""

from adapter.errors import PlatformError, PlatformNotFoundError
from adapter.platform_client.sync.observer import PollKind
from adapter.platform_client.sync.options import SyncOptions
from adapter.platform_client.sync.outages import shown_error
from adapter.runtime.backoff import Backoff, Jitter
from adapter.runtime.clock import Clock, WallTime


class PollState:
    """The polls of an API, of the list of instances, or of the automated policies."""

    def __init__(
        self,
        kind: PollKind,
        name: str,
        options: SyncOptions,
        clock: Clock,
        jitter: Jitter,
        *,
        confirmed_at: WallTime | None = None,
    ) -> None:
        self.kind: PollKind = kind
        self.name = name
        """What is polled, for operators."""
        self.last_error: str | None = None
        """What the last poll failed with; None if it succeeded."""
        self.confirmed_at = confirmed_at
        """When the platform last gave a complete answer."""
        self.failed_at: WallTime | None = None
        self._options = options
        self._clock = clock
        self._jitter = jitter
        self._backoff = Backoff(options.poll_interval_s, options.backoff_cap_s, jitter)

    def succeeded(self, *, unconfirmed: bool = False) -> float:
        """Note that a poll got a complete answer; return the seconds until the next poll.

        If something in the answer is `unconfirmed`, the next poll comes soon.
        """
        self.last_error = None
        self.confirmed_at = self._clock.now()
        self._backoff.succeeded()
        return self._regular_wait_s(unconfirmed)

    def failed(self, error: Exception, *, unconfirmed: bool = False) -> float:
        """Note that a poll failed; return the seconds until the next poll.

        The wait grows with each failure, except for "not found": a platform that answers this is
        not in trouble.
        """
        self.last_error = shown_error(error)
        self.failed_at = self._clock.now()
        if isinstance(error, PlatformNotFoundError):
            self._backoff.succeeded()
            return self._regular_wait_s(unconfirmed)
        return self._backoff.failed(getattr(error, "retry_after_s", None))

    def spread(self, interval_s: float) -> float:
        """Make an interval randomly longer or shorter, so that polls do not come all at once."""
        return interval_s * (1 + self._options.poll_spread * (2 * self._jitter() - 1))

    def _regular_wait_s(self, unconfirmed: bool) -> float:
        if unconfirmed:
            return min(self._options.confirmation_delay_s, self._options.poll_interval_s)
        return self.spread(self._options.poll_interval_s)


def error_kind(error: Exception) -> str:
    """The name of the error's class, or `unforeseen`: few values, fit for a metric's label."""
    return type(error).__name__ if isinstance(error, PlatformError) else "unforeseen"
