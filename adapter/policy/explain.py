"""Explains a decision: what each policy says about a request, and why.

It is `decide` with recording rules, so the explanation cannot differ from what a Check decides. No
effect is performed: nothing is charged, logged or asked. The caller says what is known about the
outcome of an effect, such as how much of a quota is left. Where nothing is known, as with a user
whom only an LDAP server knows, the rest assumes that the policy lets the request pass and adds
nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple, TypeAlias

from adapter.policy.catalog import Pointcut, PolicyRef
from adapter.policy.compile import CompiledPolicy
from adapter.policy.decide import Unsettled, decide
from adapter.policy.decision import Decision, Denied
from adapter.policy.effects.effect import Effect, Outcome
from adapter.policy.effects.log import LOGGED, Log
from adapter.policy.effects.quota import Charge, QuotaState, Throttle
from adapter.policy.effects.token import Introspect, NoKeys, RefusedToken, VerifyToken
from adapter.policy.effects.use import Usage, UseOnce
from adapter.policy.effects.user import Authenticate, Verification
from adapter.policy.evaluation import Evaluation
from adapter.policy.policy_verdicts import Said
from adapter.policy.request.attributes import RequestAttributes
from adapter.policy.rule import NOWHERE
from adapter.policy.snapshot import Api
from adapter.policy.verdicts import CONTINUE, Conclusion, Deny, DirectResponse


class ExplainedEffect(NamedTuple):
    """Something that a policy would do, and its outcome; None if that is not known.

    A charge whose outcome is not known counts as admitted.
    """

    effect: Effect
    outcome: Outcome | None


class Step(NamedTuple):
    """One policy of the API, and what it says."""

    policy: PolicyRef
    automated: bool
    said: Said
    pointcut: Pointcut | None = None
    """The pointcut that matches the request; None if the policy has none."""
    effects: tuple[ExplainedEffect, ...] = ()
    conclusion: Conclusion = CONTINUE


class Explanation(NamedTuple):
    """A decision, and how it came about: a step for each policy, in the order of evaluation."""

    decision: Decision
    steps: tuple[Step, ...] = ()

    @property
    def depends(self) -> bool:
        """Whether the decision assumes something about an outcome that is not known."""
        return any(step.said is Said.DEPENDS for step in self.steps)


KnownOutcome: TypeAlias = Callable[[Effect], Outcome | None]
"""Says the outcome of an effect, without performing it or asking anybody; None if it is unknown.

It is asked only about effects that have no obvious outcome: charges, and everything about tokens
and users.
"""

_NOT_ASKED: Final = "not asked"
_OBVIOUS: Final[Mapping[type[Effect], Outcome]] = {
    Throttle: QuotaState(admitted=True, remaining=(0,), reset_ms=(0,)),
    Log: LOGGED,
    UseOnce: Usage(),
}
_UNKNOWN: Final[Mapping[type[Effect], Outcome]] = {
    Authenticate: Verification("", _NOT_ASKED),
    VerifyToken: NoKeys(_NOT_ASKED),
    Introspect: RefusedToken(_NOT_ASKED),
}
"""Outcomes that let the policy come to a conclusion, which is then ignored."""


def nothing_known(_: Effect) -> Outcome | None:
    """Know no outcome."""
    return None


def explain(
    request: RequestAttributes, api: Api, revision: int, known: KnownOutcome = nothing_known
) -> Explanation:
    """Decide about the request, and record what each policy says."""
    recorder = _Recorder(api.policies, known)
    recording = api.ruled_by(policy.rule.wrapped(recorder.take) for policy in api.policies)
    step = decide(request, recording, revision)
    while isinstance(step, Unsettled):
        step = step.settle(recorder.outcome(step.effect))
    return Explanation(step, tuple(_steps(request, api, step, recorder.asked)))


def _steps(
    request: RequestAttributes, api: Api, decision: Decision, asked: Mapping[int, Step]
) -> Iterable[Step]:
    """The steps of the policies that were asked, and of the others."""
    # Then the request itself is the obstacle, and its path must not be matched.
    none_asked = isinstance(decision, Denied) and not asked
    for position, policy in enumerate(api.policies):
        rule = policy.rule
        elsewhere = rule.pointcuts and not none_asked and rule.pointcut_of(request) == NOWHERE
        unasked = Said.SKIPPED if elsewhere else Said.NOT_REACHED
        yield asked.get(position) or Step(policy.ref, policy.automated, unasked)


class _Recorder:
    """Notes effects and conclusions while the policies are asked."""

    def __init__(self, policies: tuple[CompiledPolicy, ...], known: KnownOutcome) -> None:
        self._policies = policies
        self._known = known
        self._effects: list[ExplainedEffect] = []
        """Of the policy that is being asked."""
        self.asked: dict[int, Step] = {}
        """By the position of the policy."""

    def outcome(self, effect: Effect) -> Outcome:
        """Note the effect, and return an outcome for it."""
        outcome = _OBVIOUS.get(type(effect)) or self._known(effect)
        self._effects.append(ExplainedEffect(effect, outcome))
        if outcome is None:
            return _admitted(effect) if isinstance(effect, Charge) else _UNKNOWN[type(effect)]
        return outcome

    def take(self, evaluation: Evaluation, conclusion: Conclusion) -> Conclusion:
        """Note the conclusion of a policy; see `Rule.wrapped`."""
        effects, self._effects = tuple(self._effects), []
        said = _said(conclusion)
        if any(e.outcome is None and type(e.effect) in _UNKNOWN for e in effects):
            said, conclusion = Said.DEPENDS, CONTINUE
        policy = self._policies[evaluation.position]
        self.asked[evaluation.position] = Step(
            policy.ref,
            policy.automated,
            said,
            _pointcut(policy, evaluation.request),
            effects,
            conclusion,
        )
        return conclusion


def _admitted(charge: Charge) -> QuotaState:
    """The outcome of a charge if nobody has charged the same windows yet."""
    remaining = tuple(maximum - 1 for maximum, *_ in charge.windows)
    return QuotaState(True, remaining, tuple(period_ms for _, period_ms, *_ in charge.windows))


def _said(conclusion: Conclusion) -> Said:
    if isinstance(conclusion, Deny):
        return Said.DENIED
    return Said.ANSWERED if isinstance(conclusion, DirectResponse) else Said.PASSED


def _pointcut(policy: CompiledPolicy, request: RequestAttributes) -> Pointcut | None:
    return policy.pointcuts[policy.rule.pointcut_of(request)] if policy.pointcuts else None
