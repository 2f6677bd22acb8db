# mypyc: compiled
"""The decision on one request: the only place that knows how verdicts add up."""

from typing import Any, Final, TypeAlias

from adapter.policy.decision import Allowed, Answered, Decision, Denied
from adapter.policy.effects import Charge, Effect
from adapter.policy.evaluation import Evaluation
from adapter.policy.request.attributes import RequestAttributes, path_of
from adapter.policy.request.canonical_method import ECHO_REFUSED, is_echoed, obstacle_in_method
from adapter.policy.request.canonical_path import obstacle_in
from adapter.policy.snapshot import Api
from adapter.policy.verdicts import CONTINUE, Continue, Deny, DenyReason, DirectResponse, Identity

NOT_HTTP: Final = Deny(
    DenyReason.MALFORMED_REQUEST,
    400,
    "Malformed request",
    detail="the Check has no HTTP part; policies speak of HTTP requests only",
)
_ENDS: Final = (Deny, DirectResponse)
"""What keeps a request from going on."""


class Unsettled:
    """A decision that has come as far as an effect; `settle` goes on with the effect's outcome."""

    __slots__ = ("_api", "_evaluation", "_revision", "effect")

    def __init__(
        self,
        effect: Effect,
        evaluation: Evaluation,
        api: Api,
        revision: int,
    ) -> None:
        self.effect = effect
        self._evaluation = evaluation
        self._api = api
        self._revision = revision

    def settle(self, outcome: Any) -> "Step":
        """Go on, once; the outcome is of the type that the effect's `settled` takes."""
        verdict, evaluation = self.effect.settled(outcome), self._evaluation
        if not isinstance(verdict, Continue):
            return _ended(verdict, evaluation, self._api, self._revision)
        if verdict is not CONTINUE:
            evaluation.establish(verdict)
        return _ask(evaluation.position + 1, evaluation, self._api, self._revision)


Step: TypeAlias = Decision | Unsettled


def decide(request: RequestAttributes, api: Api, revision: int) -> Step:
    """Ask the API's policies in the platform's order, up to the first denial, answer or effect.

    It stops where an effect has to be settled, so it stays pure, and a denial ahead of a limit
    charges nothing.
    """
    if (
        api.faults
        or api.inspects_path
        or api.inspects_method
        or request.chosen_by_path
        or not request.method
    ):
        obstacle = _obstacle(request, api)
        if obstacle is not None:
            return Denied(obstacle, revision, api.instance)
    evaluation = Evaluation(request, api.instance.api_id, api.contracts, api.tiers, api.policy_refs)
    return _ask(0, evaluation, api, revision)


def _ask(first: int, evaluation: Evaluation, api: Api, revision: int) -> Step:
    """Ask the policies from that one on."""
    rules = api.rules
    for position in range(first, len(rules)):
        rule = rules[position]
        if rule.pointcuts and not rule.applies_to(evaluation.request):
            continue
        evaluation.position = position
        verdict = rule.evaluate(evaluation)
        if verdict is CONTINUE:
            continue
        if isinstance(verdict, Identity):
            evaluation.identity = verdict
        elif isinstance(verdict, Continue):
            evaluation.establish(verdict)
        elif isinstance(verdict, Charge):
            if verdict.identity is not None:
                evaluation.identity = verdict.identity
            return Unsettled(verdict, evaluation, api, revision)
        elif isinstance(verdict, _ENDS):
            return _ended(verdict, evaluation, api, revision)
        else:
            return Unsettled(verdict, evaluation, api, revision)
    if is_echoed(evaluation.request.method) and evaluation.adds_headers:
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


def _obstacle(request: RequestAttributes, api: Api) -> Deny | None:
    """Why the policies cannot even be asked."""
    if api.faults:
        return Deny(
            DenyReason.API_CLOSED,
            503,
            "This API is closed because a policy cannot be enforced",
            detail="; ".join(api.faults),
        )
    if not request.method:
        return NOT_HTTP
    obstacle = obstacle_in_method(request) if api.inspects_method else None
    if obstacle is None and (api.inspects_path or request.chosen_by_path):
        return obstacle_in(path_of(request), api.longest_path)
    return obstacle


def _ended(
    verdict: Deny | DirectResponse, evaluation: Evaluation, api: Api, revision: int
) -> Denied | Answered:
    """The decision where a policy keeps the request from going on."""
    if isinstance(verdict, DirectResponse):
        return Answered(
            verdict,
            revision,
            api.instance,
            evaluation.identity,
            evaluation.response_headers,
            evaluation.append_response_headers,
        )
    if verdict.exposed_quota is not None:
        evaluation.expose(verdict.exposed_quota)
    return Denied(
        verdict,
        revision,
        api.instance,
        evaluation.policy,
        evaluation.identity,
        evaluation.response_headers,
        evaluation.append_response_headers,
    )
