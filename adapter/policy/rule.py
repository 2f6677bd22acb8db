# mypyc: compiled
"""A compiled policy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from adapter.policy.effects import Effect
from adapter.policy.evaluation import Evaluation
from adapter.policy.request.attributes import RequestAttributes, path_of
from adapter.policy.request.canonical_path import MAX_CHARS
from adapter.policy.verdicts import Continue, Deny, DirectResponse, Identity

Verdict: TypeAlias = Continue | Identity | Deny | DirectResponse | Effect
"""What a policy says when it is asked."""


@dataclass(frozen=True, slots=True)
class CompiledPointcut:
    """A pair of patterns; None where the pattern lets everything match."""

    method: Any
    path: Any
    longest_path: int = MAX_CHARS
    """Characters that the pattern for the path bears."""

    def matches(self, request: RequestAttributes) -> bool:
        """Whether both patterns match the whole of method and path."""
        # Octets, because in a text RE2's library would count the characters, too.
        if self.method is not None and self.method.fullmatch(request.method.encode()) is None:
            return False
        return self.path is None or self.path.fullmatch(path_of(request).encode()) is not None


ANYWHERE: Final = CompiledPointcut(None, None)


@dataclass(frozen=True, slots=True)
class Rule:
    """A policy's configuration, compiled: a pure function of the evaluation so far."""

    evaluate: Callable[[Evaluation], Verdict]
    inspects_path: bool = False
    """Whether the verdict, or whether there is one at all, depends on the request's path."""
    pointcuts: tuple[CompiledPointcut, ...] = ()
    """Where it applies: empty, to the whole API, else where any of them matches."""
    overridden: tuple[CompiledPointcut, ...] = ()
    """Where it does not apply all the same; only where it has pointcuts."""
    set_headers: frozenset[str] = frozenset()
    """Lower-case names of the headers that it may set, on requests or on responses."""
    inspects_method: bool = False
    """The same as `inspects_path`, for the request's method."""

    @property
    def longest_path(self) -> int:
        """Characters that all its patterns bear."""
        everywhere = self.pointcuts + self.overridden
        return min([MAX_CHARS, *(pointcut.longest_path for pointcut in everywhere)])

    def applies_to(self, request: RequestAttributes) -> bool:
        """Whether it is to be asked about that request."""
        if not self.pointcuts:
            return True
        if not any(p.matches(request) for p in self.pointcuts):
            return False
        return not self.overridden or not any(p.matches(request) for p in self.overridden)


def always(verdict: Verdict) -> Rule:
    """A rule that looks at nothing."""

    def evaluate(_: Evaluation) -> Verdict:
        return verdict

    return Rule(evaluate)


RuleCompiler: TypeAlias = Callable[[Mapping[str, Any]], Rule]
"""What each file under `policies/` offers: from the platform's configuration to a rule.

Raises PolicyError for a bad one. A rule knows nothing of the policy that it is compiled for, which
is `Evaluation.policy`: policies that are configured alike share one.
"""
