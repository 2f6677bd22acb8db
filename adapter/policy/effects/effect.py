# mypyc: compiled
"""The base of all effects and outcomes."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from mypy_extensions import mypyc_attr

from adapter.policy.value import Value
from adapter.policy.verdicts import Conclusion, Identity


@mypyc_attr(acyclic=True)
class Outcome(Value):
    """What a port found when it settled an effect; each kind of effect has its own subclass.

    Anything else that a port returns has to be awaited.
    """

    __slots__ = ()


@mypyc_attr(acyclic=True)
class Effect(Value):
    """Something that only the outside world can settle; each kind is a subclass."""

    __slots__ = ("identity", "settled")

    def __init__(
        self, settled: Callable[[Any], "Verdict"], identity: Identity | None = None
    ) -> None:
        self.settled: Final = settled
        """Turns the outcome into a verdict, which may be another effect. Its argument is the
        `Outcome` of this kind of effect."""
        self.identity: Final = identity
        """The caller, if the policy found out: analytics show it for a denied request too."""

    def judged_by(self, settled: Callable[[Any], "Verdict"]) -> "Effect":
        """The same effect, but another function turns its outcome into a verdict."""
        raise NotImplementedError


Verdict: TypeAlias = Conclusion | Effect
"""What a policy says. An effect has to be settled first."""
