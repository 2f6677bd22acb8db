# mypyc: compiled
"""Asks the policies of an API about a request; the only place that combines verdicts."""

from typing import Final, TypeAlias, assert_never

from adapter.policy.decision import Allowed, Answered, Decision, Denied
from adapter.policy.effects.effect import Effect, Outcome
from adapter.policy.evaluation import Evaluation
from adapter.policy.request.attributes import RequestAttributes, is_connection, path_of
from adapter.policy.request.canonical_host import obstacle_in_host
from adapter.policy.request.canonical_method import ECHO_REFUSED, is_echoed, obstacle_in_method
from adapter.policy.request.canonical_path import obstacle_in
from adapter.policy.rule import NOWHERE
from adapter.policy.snapshot import Api
from adapter.policy.verdicts import (
    CONTINUE,
    Conclusion,
    Continue,
    Deny,
    DenyReason,
    DirectResponse,
    Identity,
)

NOT_HTTP: Final = Deny(
    DenyReason.MALFORMED_REQUEST,
    400,
    "Malformed request",
    detail="the Check is of an HTTP request without a method",
)


class Unsettled:
    """A decision that waits for the outcome of an effect."""

    __slots__ = ("_api", "_evaluation", "_revision", "effect")

    def __init__(
        self,
        effect: Effect,
        evaluation: Evaluation,
        api: Api,
        revision: int,
    ) -> None:
        self.effect: Final = effect
        self._evaluation: Final = evaluation
        self._api: Final = api
        self._revision: Final = revision

    def settle(self, outcome: Outcome) -> "Step":
        """Go on with the outcome of the effect. Call it once."""
        verdict, evaluation = self.effect.settled(outcome), self._evaluation
        if verdict is not CONTINUE:
            if isinstance(verdict, Effect):
                return _unsettled(verdict, evaluation, self._api, self._revision)
            ended = _conclude(verdict, evaluation, self._api, self._revision)
            if ended is not None:
                return ended
        return _ask(evaluation.position + 1, evaluation, self._api, self._revision)


Step: TypeAlias = Decision | Unsettled


def decide(request: RequestAttributes, api: Api, revision: int) -> Step:
    """Ask the API's policies in the platform's order until one ends the request.

    The result is a decision, or `Unsettled` where a policy returns an effect: then settle the
    effect and call `settle` with its outcome. `decide` itself performs no effect, so it is pure
    (except that it counts in `Api.matches`), and a denial before a limit charges nothing.
    """
    if (
        api.faults
        or api.inspects_path
        or api.inspects_method
        or request.chosen_by_path
        or request.chosen_by_host
        or not request.method
    ):
        obstacle = _obstacle(request, api)
        if obstacle is not None:
            return Denied(obstacle, revision, api.instance)
    evaluation = Evaluation(request, api.instance.api_id, api.contracts, api.tiers, api.policy_refs)
    return _ask(0, evaluation, api, revision)


def _ask(first: int, evaluation: Evaluation, api: Api, revision: int) -> Step:
    """Ask the policies, beginning with that position."""
    rules = api.rules
    for position in range(first, len(rules)):
        rule = rules[position]
        if rule.pointcuts:
            pointcut = rule.pointcut_of(evaluation.request)
            if pointcut == NOWHERE:
                continue
            api.matches.add(position, pointcut)
        evaluation.position = position
        verdict = rule.evaluate(evaluation)
        if verdict is CONTINUE:
            continue
        if isinstance(verdict, Effect):
            return _unsettled(verdict, evaluation, api, revision)
        ended = _conclude(verdict, evaluation, api, revision)
        if ended is not None:
            return ended
    return _passed(evaluation, api, revision)


def _unsettled(effect: Effect, evaluation: Evaluation, api: Api, revision: int) -> Unsettled:
    if effect.identity is not None:
        evaluation.identity = effect.identity
    return Unsettled(effect, evaluation, api, revision)


def _conclude(
    verdict: Conclusion, evaluation: Evaluation, api: Api, revision: int
) -> Denied | Answered | None:
    """Take over a verdict; the decision if it ends the request, else None."""
    if isinstance(verdict, Identity):
        evaluation.identity = verdict
    elif isinstance(verdict, Continue):
        evaluation.establish(verdict)
    elif isinstance(verdict, Deny):
        return _denied(verdict, evaluation, api, revision)
    elif isinstance(verdict, DirectResponse):
        return _answered(verdict, evaluation, api, revision)
    else:
        assert_never(verdict)
    return None


def _passed(evaluation: Evaluation, api: Api, revision: int) -> Allowed | Denied:
    """The decision if no policy ended the request."""
    if evaluation.adds_headers and is_echoed(evaluation.request):
        return Denied(ECHO_REFUSED, revision, api.instance, identity=evaluation.identity)
    return Allowed(
        api.instance,
        revision,
        evaluation.identity,
        evaluation.own_edits,
        evaluation.response_headers,
        evaluation.append_response_headers,
        tuple(evaluation.appended.items()) if evaluation.appended else (),
    )


def _denied(deny: Deny, evaluation: Evaluation, api: Api, revision: int) -> Denied:
    if deny.exposed_quota is not None:
        evaluation.expose(deny.exposed_quota)
    return Denied(
        deny,
        revision,
        api.instance,
        evaluation.policy,
        evaluation.identity if deny.identity is None else deny.identity,
        evaluation.response_headers,
        evaluation.append_response_headers,
    )


def _answered(
    response: DirectResponse, evaluation: Evaluation, api: Api, revision: int
) -> Answered:
    return Answered(
        response,
        revision,
        api.instance,
        evaluation.identity,
        evaluation.response_headers,
        evaluation.append_response_headers,
    )


def _obstacle(request: RequestAttributes, api: Api) -> Deny | None:
    """Why the policies cannot be asked at all; None if they can."""
    if api.faults:
        return Deny(
            DenyReason.API_CLOSED,
            503,
            "This API is closed because a policy cannot be enforced",
            detail="; ".join(api.faults),
        )
    if not request.method:
        return _obstacle_of_connection(api) if is_connection(request) else NOT_HTTP
    obstacle = obstacle_in_host(request.authority) if request.chosen_by_host else None
    if obstacle is None and api.inspects_method:
        obstacle = obstacle_in_method(request)
    if obstacle is None and (api.inspects_path or request.chosen_by_path):
        return obstacle_in(path_of(request), api.longest_path)
    return obstacle


def _obstacle_of_connection(api: Api) -> Deny | None:
    """Why a TCP connection cannot be judged; None if every policy can judge it."""
    if not api.need_http:
        return None
    names = ", ".join(f"{ref.policy_type} ({ref.policy_id})" for ref in api.need_http)
    return Deny(
        DenyReason.MALFORMED_REQUEST,
        400,
        "Malformed request",
        detail=f"this is a TCP connection, and these policies apply to HTTP requests only: {names}",
    )
