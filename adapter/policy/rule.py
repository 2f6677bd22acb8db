# mypyc: compiled
"""A rule: one policy's configuration, compiled into a function that a Check can call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from adapter.policy.effects.effect import Effect, Outcome, Verdict
from adapter.policy.evaluation import Evaluation
from adapter.policy.need import Need
from adapter.policy.request.attributes import RequestAttributes, path_of
from adapter.policy.request.canonical_path import MAX_CHARS
from adapter.policy.verdicts import Conclusion


@dataclass(frozen=True, slots=True)
class CompiledPointcut:
    """A pair of patterns; None stands for a pattern that matches everything."""

    method: Any
    path: Any
    longest_path: int = MAX_CHARS
    """Longest path, in characters, that the path pattern may be matched against."""

    def matches(self, request: RequestAttributes) -> bool:
        """Whether the patterns match the whole method and the whole path."""
        # Patterns match bytes: for a str, RE2's library would also count characters.
        if self.method is not None and self.method.fullmatch(request.method.encode()) is None:
            return False
        return self.path is None or self.path.fullmatch(path_of(request).encode()) is not None

    @property
    def has_pattern(self) -> bool:
        """Whether a pattern is matched for it."""
        return self.method is not None or self.path is not None


ANYWHERE: Final = CompiledPointcut(None, None)
NOWHERE: Final = -1
"""The position of no pointcut."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled policy: a pure function of the evaluation so far, and where it applies.

    A rule does not know which policy it belongs to: policies with the same configuration share one
    rule. While it is asked, `Evaluation.policy` names the policy.
    """

    evaluate: Callable[[Evaluation], Verdict]
    inspects_path: bool = False
    """Whether the path decides about the verdict, or whether the rule applies."""
    pointcuts: tuple[CompiledPointcut, ...] = ()
    """Where the rule applies: where any pointcut matches. Empty means the whole API."""
    overridden: tuple[CompiledPointcut, ...] = ()
    """Exceptions from `pointcuts`: where automated policies apply instead. Empty if `pointcuts` is.
    """
    set_headers: frozenset[str] = frozenset()
    """Lower-case names of the request and response headers that the rule may set."""
    inspects_method: bool = False
    """Like `inspects_path`, for the method."""
    judges_connections: bool = False
    """Whether it can judge a TCP connection, of which only the client's address is known."""
    needs: tuple[Need, ...] = ()
    """What it depends on outside this process. The API is closed if one of them may not be used."""
    warnings: tuple[str, ...] = ()
    """What is allowed and yet probably not meant, for operators. Example: no secret is checked."""

    @property
    def longest_path(self) -> int:
        """Longest path, in characters, that its patterns may be matched against."""
        everywhere = self.pointcuts + self.overridden
        return min([MAX_CHARS, *(pointcut.longest_path for pointcut in everywhere)])

    @property
    def pattern_count(self) -> int:
        """How many of its pointcuts have patterns."""
        return sum(pointcut.has_pattern for pointcut in self.pointcuts + self.overridden)

    def pointcut_of(self, request: RequestAttributes) -> int:
        """The position of the first pointcut that matches; `NOWHERE` if the rule does not apply.

        Only for a rule with pointcuts: one without them applies to every request.
        """
        for position, pointcut in enumerate(self.pointcuts):
            if pointcut.matches(request):
                if self.overridden and any(p.matches(request) for p in self.overridden):
                    return NOWHERE
                return position
        return NOWHERE

    def wrapped(self, change: Callable[[Evaluation, Conclusion], Conclusion]) -> "Rule":
        """The same rule, but each verdict passes through `change` first.

        If the rule returns an effect, `change` gets the verdict that follows from the last outcome.
        Example: a `change` that notes the verdict and returns it unchanged records what the policy
        says; one that notes it and returns `CONTINUE` also keeps the policy from taking part.
        """

        def changed(evaluation: Evaluation, verdict: Verdict) -> Verdict:
            if not isinstance(verdict, Effect):
                return change(evaluation, verdict)
            settled = verdict.settled

            def judged(outcome: Outcome) -> Verdict:
                return changed(evaluation, settled(outcome))

            return verdict.judged_by(judged)

        return replace(self, evaluate=lambda e: changed(e, self.evaluate(e)))


def always(verdict: Verdict) -> Rule:
    """A rule with the same verdict for every request."""

    def evaluate(_: Evaluation) -> Verdict:
        return verdict

    return Rule(evaluate)


RuleCompiler: TypeAlias = Callable[[Mapping[str, Any]], Rule]
"""Makes a rule from the platform's configuration of a policy; raises PolicyError for a bad one.

Each file in `policies/` offers one for its policy type.
"""
