"""Says which pointcut of a policy covers a request, by the rules of a Check.

The control plane's console asks it through the entry point `envoy_policy_adapter.pointcut_match`:

    match([{"methodRegex": "GET", "uriTemplateRegex": "/orders/.*"}], "GET", "/orders/1")
    {"applies": True, "pointcut": 0, "refused": "", "faults": []}
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from adapter.errors import PolicyError
from adapter.policy.catalog import Pointcut
from adapter.policy.pointcuts import compile_pointcuts
from adapter.policy.request.attributes import RequestAttributes, path_of
from adapter.policy.request.canonical_method import obstacle_in_method
from adapter.policy.request.canonical_path import obstacle_in
from adapter.policy.rule import CompiledPointcut
from adapter.policy.verdicts import Deny


class _Asked(NamedTuple):
    """What pointcuts see of a request."""

    method: str
    path: str
    may_override_method: bool = False


def match(pointcut: Sequence[Mapping[str, str]] | None, method: str, path: str) -> dict[str, Any]:
    """Whether a policy with this `pointcutData` applies to a request, and by which pointcut.

    `refused` says why such a request is denied before any policy is asked; then no pointcut is
    looked at. `faults` are as those of `policy_check.check`.
    """
    given = [
        Pointcut(each.get("methodRegex") or "", each.get("uriTemplateRegex") or "")
        for each in pointcut or ()
    ]
    # No more of a request is looked at here.
    request = cast(RequestAttributes, _Asked(method, path))
    found: dict[str, Any] = {"applies": False, "pointcut": None, "refused": "", "faults": []}
    try:
        compiled = compile_pointcuts(given)
    except PolicyError as e:
        return found | {"faults": [fault._asdict() for fault in e.faults]}
    if not compiled:
        return found | {"applies": True}
    refused = _refusal(compiled, request)
    if refused is not None:
        return found | {"refused": f"{refused.status} {refused.reason}: {refused.detail}"}
    matching = [number for number, each in enumerate(compiled) if each.matches(request)]
    return found | {"applies": bool(matching), "pointcut": next(iter(matching), None)}


def _refusal(compiled: Sequence[CompiledPointcut], request: RequestAttributes) -> Deny | None:
    """Why no pattern may be matched for the request."""
    refused = None
    if any(each.method is not None for each in compiled):
        refused = obstacle_in_method(request)
    if refused is None and any(each.path is not None for each in compiled):
        longest = min(each.longest_path for each in compiled)
        refused = obstacle_in(path_of(request), longest)
    return refused
