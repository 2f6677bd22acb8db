# mypyc: compiled
"""The effect that writes messages to the log."""

from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple

from mypy_extensions import mypyc_attr

from adapter.policy.effects.effect import Effect, Outcome, Verdict
from adapter.policy.verdicts import CONTINUE, Continue


class LogMessage(NamedTuple):
    """A line for the log: one line of text without control characters."""

    level: Literal["debug", "info", "warning", "error"]
    category: str
    text: str
    api_id: str


@mypyc_attr(acyclic=True)
class Logged(Outcome):
    """The outcome of a log effect: the messages were taken or dropped."""

    __slots__ = ()

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return ()


LOGGED: Final = Logged()


def _go_on(_: Logged) -> Continue:
    return CONTINUE


@mypyc_attr(acyclic=True)
class Log(Effect):
    """Writes messages to the log. Whether that works does not change the decision."""

    __slots__ = ("messages",)

    def __init__(
        self,
        messages: tuple[LogMessage, ...],
        settled: Callable[[Logged], Verdict] = _go_on,
    ) -> None:
        super().__init__(settled)
        self.messages: Final = messages

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return self.messages, self.settled

    def judged_by(self, settled: Callable[[Any], Verdict]) -> "Log":
        """See `Effect`."""
        return Log(self.messages, settled)
