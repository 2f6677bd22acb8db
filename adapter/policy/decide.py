"""The decision on one request: the only place that knows how verdicts add up."""

from collections.abc import Generator
from typing import Any, Final

from adapter.clock import WallTime
from adapter.policy.attributes import RequestAttributes
from adapter.policy.compile import CompiledPolicy
from adapter.policy.decision import (
    AMBIGUOUS_PATH,
    CONTINUE,
    Allowed,
    Answer,
    Answered,
    Charge,
    Continue,
    Decision,
    Denied,
    Deny,
    DenyReason,
    Effect,
)
from adapter.policy.evaluation import Evaluation
from adapter.policy.paths import is_canonical
from adapter.policy.snapshot import Api

NOT_HTTP: Final = Deny(
    DenyReason.MALFORMED_REQUEST,
    400,
    "Malformed request",
    detail="the Check has no HTTP part; policies speak of HTTP requests only",
)


def decide(
    request: RequestAttributes, api: Api, revision: int, now: WallTime
) -> Generator[Effect, Any, Decision]:
    """Ask the API's policies in the platform's order, up to the first denial or answer.

    A generator: it yields each effect that a policy wants settled, is sent the outcome (of the type
    that the effect's `settled` takes), and returns the decision. So it stays pure, and a denial
    ahead of a limit charges nothing.
    """
    if api.faults or api.inspects_path or not request.method:
        obstacle = _obstacle(request, api)
        if obstacle is not None:
            return Denied(obstacle, revision, api.instance)
    evaluation = Evaluation(request, api.instance.api_id, api.contracts, now)
    for policy in api.policies:
        if policy.pointcuts and not policy.applies_to(request):
            continue
        verdict = policy.rule.evaluate(evaluation)
        while not isinstance(verdict, (Continue, Deny, Answer)):
            if isinstance(verdict, Charge) and verdict.identity is not None:
                evaluation.identity = verdict.identity
            outcome = yield verdict
            verdict = verdict.settled(outcome)
        if verdict is CONTINUE:
            continue
        if not isinstance(verdict, Continue):
            return _ended(verdict, revision, api, policy, evaluation)
        evaluation.establish(verdict)
    return Allowed(
        api.instance,
        revision,
        evaluation.identity,
        evaluation.set_headers,
        evaluation.removed_headers,
        evaluation.response_headers,
        evaluation.append_response_headers,
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
    if not request.is_http:
        return NOT_HTTP
    if api.inspects_path and not is_canonical(request.path_only):
        return AMBIGUOUS_PATH
    return None


def _ended(
    verdict: Deny | Answer,
    revision: int,
    api: Api,
    policy: CompiledPolicy,
    evaluation: Evaluation,
) -> Denied | Answered:
    """The decision where a policy keeps the request from going on."""
    if isinstance(verdict, Answer):
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
        policy.ref,
        evaluation.identity,
        evaluation.response_headers,
        evaluation.append_response_headers,
    )
