# mypyc: compiled
"""The effect that uses something once."""

from collections.abc import Callable
from typing import Any, Final

from mypy_extensions import mypyc_attr

from adapter.policy.effects.effect import Effect, Outcome, Verdict


@mypyc_attr(acyclic=True)
class Usage(Outcome):
    """The outcome of `UseOnce`."""

    __slots__ = ("objection", "unknown")

    def __init__(self, objection: str = "", unknown: str = "") -> None:
        self.objection: Final = objection
        """Why it may not be used now, for operators. Empty if this is its first use, in time."""
        self.unknown: Final = unknown
        """Why nobody can say whether it was used before, for operators."""

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return self.objection, self.unknown


@mypyc_attr(acyclic=True)
class UseOnce(Effect):
    """Uses something that a client made for one request, such as a proof. A second use fails."""

    __slots__ = ("issued_at", "max_age_s", "name")

    def __init__(
        self,
        name: tuple[str, str, str],
        issued_at: float,
        max_age_s: float,
        settled: Callable[[Usage], Verdict],
    ) -> None:
        super().__init__(settled)
        self.name: Final = name
        """The API, the policy, and a short text that nothing else is named."""
        self.issued_at: Final = issued_at
        """In seconds since the epoch, by the client's clock."""
        self.max_age_s: Final = max_age_s
        """How long after that it may be used."""

    def held(self) -> tuple[Any, ...]:
        """See `Value`."""
        return self.name, self.issued_at, self.max_age_s, self.settled

    def judged_by(self, settled: Callable[[Any], Verdict]) -> "UseOnce":
        """See `Effect`."""
        return UseOnce(self.name, self.issued_at, self.max_age_s, settled)
