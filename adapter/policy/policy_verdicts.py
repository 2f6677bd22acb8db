# mypyc: compiled
"""What each policy said about a request, told from the decision alone.

The policies are asked in order until one refuses. So the place of the policy that refused tells
what the others said, and a Check notes nothing while it asks them. For a request that is not sent,
see `policy.explain`.
"""

from enum import StrEnum
from typing import NamedTuple

from adapter.policy.catalog import PolicyRef
from adapter.policy.decision import Allowed, Denied
from adapter.policy.request.attributes import RequestAttributes
from adapter.policy.rule import NOWHERE
from adapter.policy.snapshot import Api


class Said(StrEnum):
    """What a policy says about a request."""

    PASSED = "passed"
    DENIED = "denied"
    ANSWERED = "answered"
    DEPENDS = "depends"
    """It would ask somebody outside this process, who was not asked."""
    SKIPPED = "skipped"
    """None of its pointcuts matches the request, or an automated policy applies there instead."""
    NOT_REACHED = "not_reached"
    """The request was refused or answered before."""


class PolicyVerdict(NamedTuple):
    """A policy of an API, and what it said."""

    policy: PolicyRef
    said: Said


def policy_verdicts(
    request: RequestAttributes, api: Api, decision: Allowed | Denied
) -> list[PolicyVerdict]:
    """What each policy of the API said, in the order in which they are asked.

    `api` is the one that the decision was made with. The list is empty if something else than a
    policy refused the request.
    """
    refused_by: PolicyRef | None = None
    if isinstance(decision, Denied):
        refused_by = decision.policy
        if refused_by is None:
            return []
    verdicts = []
    said = Said.PASSED
    for ref, rule in zip(api.policy_refs, api.rules, strict=True):
        if ref is refused_by:
            verdicts.append(PolicyVerdict(ref, Said.DENIED))
            said = Said.NOT_REACHED
        elif rule.pointcuts and rule.pointcut_of(request) == NOWHERE:
            verdicts.append(PolicyVerdict(ref, Said.SKIPPED))
        else:
            verdicts.append(PolicyVerdict(ref, said))
    return verdicts
