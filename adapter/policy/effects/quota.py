# mypyc: compiled
"""Effects that count requests: rate limits and spike control."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from mypy_extensions import mypyc_attr

from adapter.policy.contracts.contract import Contract
from adapter.policy.effects.effect import Effect, Outcome, Verdict
from adapter.policy.verdicts import Identity

QuotaWindow: TypeAlias = tuple[int, int, *tuple[str, ...]]
"""Names one counter: maximum requests, period in milliseconds, and what is counted.

Example: `(100, 60_000, "7", "rate-limiting/12", "acme")`. The limit is part of the name, so an
edited limit starts a new window. It is one flat tuple because there may be a million of them.
"""


@mypyc_attr(acyclic=True)
class QuotaState(Outcome):
    """The outcome of a charge or a throttle.

    A charge is admitted only if every window had room; then all windows were charged.
    """

    __slots__ = ("admitted", "remaining", "reset_ms", "unknown")

    def __init__(
        self,
        admitted: bool,
        remaining: tuple[int, ...],
        reset_ms: tuple[int, ...],
        unknown: str = "",
    ) -> None:
        self.admitted: Final = admitted
        self.remaining: Final = remaining
        """Requests left in each window after this one. Empty, like `reset_ms`, if the charge did
        not ask for figures (`Charge.figures`)."""
        self.reset_ms: Final = reset_ms
        """Milliseconds until each window ends."""
        self.unknown: Final = unknown
        """Why nobody could count, for operators; the request is then denied. Empty if it was
        counted."""

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return self.admitted, self.remaining, self.reset_ms, self.unknown


ADMITTED: Final = QuotaState(admitted=True, remaining=(), reset_ms=())
"""The most common outcome of a charge that asks for no figures."""


@mypyc_attr(acyclic=True)
class Charge(Effect):
    """Charges all quota windows if every one has room, else none."""

    __slots__ = ("contract", "figures", "local", "must_count", "windows")

    def __init__(
        self,
        windows: tuple[QuotaWindow, ...],
        settled: Callable[[QuotaState], Verdict],
        local: bool = False,
        identity: Identity | None = None,
        figures: bool = True,
        contract: Contract | None = None,
        must_count: bool = False,
    ) -> None:
        super().__init__(settled, identity)
        self.windows: Final = windows
        self.local: Final = local
        """Count in this process only, even with a shared store (`clusterizable: false`)."""
        self.figures: Final = figures
        """Whether an admitted request needs to know what is left. Working that out costs more than
        the charge itself."""
        self.contract: Final = contract
        """The contract whose requests the windows count, if they count one contract's. A store in
        this process can then keep its counter at the contract (`Contract.counter`)."""
        self.must_count: Final = must_count
        """Never admit it uncounted: without a shared store, this process counts, whatever the
        operator chose for quotas (`quota.when_down`)."""

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return (
            self.windows,
            self.settled,
            self.local,
            self.identity,
            self.figures,
            self.contract,
            self.must_count,
        )

    def judged_by(self, settled: Callable[[Any], Verdict]) -> "Charge":
        """See `Effect`."""
        return Charge(
            self.windows,
            settled,
            self.local,
            self.identity,
            self.figures,
            self.contract,
            self.must_count,
        )


@mypyc_attr(acyclic=True)
class Throttle(Effect):
    """Spike control: admits the request, or lets it wait and asks again a few times."""

    __slots__ = ("attempts", "delay_s", "waiting_limit", "window")

    def __init__(
        self,
        window: QuotaWindow,
        delay_s: float,
        attempts: int,
        waiting_limit: int,
        settled: Callable[[QuotaState], Verdict],
    ) -> None:
        super().__init__(settled)
        self.window: Final = window
        """A sliding window: a request counts for one period from its arrival."""
        self.delay_s: Final = delay_s
        self.attempts: Final = attempts
        """How often to ask again, each time after `delay_s`."""
        self.waiting_limit: Final = waiting_limit
        """How many requests may wait at the same time."""

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return self.window, self.delay_s, self.attempts, self.waiting_limit, self.settled

    def judged_by(self, settled: Callable[[Any], Verdict]) -> "Throttle":
        """See `Effect`."""
        return Throttle(self.window, self.delay_s, self.attempts, self.waiting_limit, settled)
