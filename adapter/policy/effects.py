# mypyc: compiled
"""Effects."""

from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from mypy_extensions import mypyc_attr

from adapter.policy.contracts.contract import Contract
from adapter.policy.value import Value
from adapter.policy.verdicts import CONTINUE, Continue, Deny, Identity

QuotaWindow: TypeAlias = tuple[int, int, *tuple[str, ...]]
"""One counter: so many requests at most in so many milliseconds, of what the texts name. The limit
is part of the counter's name, so that an edited limit starts a new window. Flat, since there may be
a million of them.
"""


class QuotaState(NamedTuple):
    """What a charge found: admitted only if every window had room, and then all were charged."""

    admitted: bool
    remaining: tuple[int, ...]
    """Requests left in each window after this one; empty, as the next, where nobody wants to know
    (`Charge.figures`)."""
    reset_ms: tuple[int, ...]
    """Milliseconds until each window ends."""
    unknown: str = ""
    """Why nobody could count, for operators; the request is to be refused. Empty: it was counted.
    """


ADMITTED: Final = QuotaState(admitted=True, remaining=(), reset_ms=())
"""The commonest answer to a charge whose figures nobody wants."""


@mypyc_attr(acyclic=True)
class Charge(Value):
    """The effect of a quota: charge all windows or none, then judge by what was found."""

    __slots__ = ("contract", "figures", "identity", "local", "settled", "windows")

    def __init__(
        self,
        windows: tuple[QuotaWindow, ...],
        settled: "Callable[[QuotaState], Continue | Deny]",
        local: bool = False,
        identity: Identity | None = None,
        figures: bool = True,
        contract: Contract | None = None,
    ) -> None:
        self.windows: Final = windows
        self.settled: Final = settled
        self.local: Final = local
        """Count in this process alone, whatever store is configured (`clusterizable: false`)."""
        self.identity: Final = identity
        """Who is charged, if the policy found out: known of a request that is refused, too."""
        self.figures: Final = figures
        """Whether what is left is wanted of a request that is admitted: to work it out costs more
        than the charge."""
        self.contract: Final = contract
        """Whose requests the windows count, if it is one contract's: there a store in this process
        may keep its counter, and need not look it up among a million."""

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return (
            self.windows,
            self.settled,
            self.local,
            self.identity,
            self.figures,
            self.contract,
        )


class Throttle(NamedTuple):
    """The effect of spike control: admit, or ask again a few times while others wait as well."""

    window: QuotaWindow
    """Slides: a request counts for one period."""
    delay_s: float
    attempts: int
    """How often to ask again, each time after `delay_s`."""
    waiting_limit: int
    """How many requests may wait at once."""
    settled: "Callable[[QuotaState], Continue | Deny]"


class LogMessage(NamedTuple):
    """A line that an admin wants in the log; one line of text without control characters."""

    level: Literal["debug", "info", "warning", "error"]
    category: str
    text: str
    api_id: str


class Log(NamedTuple):
    """The effect of message logging; what becomes of the messages decides nothing."""

    messages: tuple[LogMessage, ...]

    def settled(self, _: None) -> Continue:
        """Go on."""
        return CONTINUE


Effect: TypeAlias = Charge | Throttle | Log
Outcome: TypeAlias = QuotaState | None
"""What settles an effect: of the type that the effect's `settled` takes."""
