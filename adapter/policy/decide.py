"""The decision on one request: the only place that knows how verdicts add up."""

from collections.abc import Generator
from typing import Final

from adapter.clock import WallTime
from adapter.policy.attributes import RequestAttributes
from adapter.policy.compile import CompiledPolicy
from adapter.policy.decision import (
    AMBIGUOUS_PATH,
    CONTINUE,
    Allowed,
    Continue,
    Decision,
    Denied,
    Deny,
    DenyReason,
    Effect,
    QuotaState,
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
) -> Generator[Effect, QuotaState, Decision]:
    """Ask the API's policies in the platform's order, up to the first denial.

    A generator: it yields each effect that a policy wants settled, is sent the outcome, and
    returns the decision. So it stays pure, and a denial ahead of a limit charges nothing.
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
        while not isinstance(verdict, (Continue, Deny)):
            evaluation.identity = verdict.identity or evaluation.identity
            outcome = yield verdict
            verdict = verdict.settled(outcome)
        if isinstance(verdict, Deny):
            return _denied(verdict, revision, api, policy, evaluation)
        if verdict is not CONTINUE:
            evaluation.establish(verdict)
    return Allowed(
        api.instance,
        revision,
        evaluation.identity,
        evaluation.set_headers,
        evaluation.removed_headers,
        tuple(evaluation.response_headers.items()),
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


def _denied(
    deny: Deny, revision: int, api: Api, policy: CompiledPolicy, evaluation: Evaluation
) -> Denied:
    return Denied(
        deny,
        revision,
        api.instance,
        policy.ref,
        evaluation.identity,
        tuple(evaluation.response_headers.items()),
    )
