"""Checks a policy before it is applied: everything that would close an API, without an API.

The control plane calls it through the entry point `envoy_policy_adapter.policy_check`, and people
through `policy-adapter check-policy`. Both speak of the platform's fields:

    check("rate-limiting", {}, None)
    {"faults": [{"field": "configurationData.rateLimits", "message": "is required; ..."}],
     "warnings": []}

What depends on an operator's settings, such as an LDAP server inside a network, is a warning.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from adapter.errors import PolicyError, PolicyFault
from adapter.policy.catalog import Pointcut
from adapter.policy.compile import POLICY_TYPES, compile_rule
from adapter.policy.operator_settings import warnings_on_settings
from adapter.policy.pointcuts import compile_pointcuts, warnings_on
from adapter.policy.spelling import did_you_mean

_CONFIGURATION: Final = "configurationData"


def check(
    policy_type: str, configuration: Mapping[str, Any], pointcut: Sequence[Mapping[str, str]] | None
) -> dict[str, list[Any]]:
    """The faults of a policy, field by field, and warnings about what is allowed.

    `pointcut` is the platform's `pointcutData`.
    """
    pointcuts = [
        Pointcut(each.get("methodRegex") or "", each.get("uriTemplateRegex") or "")
        for each in pointcut or ()
    ]
    faults: list[PolicyFault] = []
    warnings: tuple[str, ...] = ()
    try:
        rule = compile_rule(policy_type, json.dumps(dict(configuration)))
        warnings = (*rule.warnings, *warnings_on_settings(rule))
    except PolicyError as e:
        faults += _faults_of_rule(policy_type, e)
    try:
        compile_pointcuts(pointcuts)
        warnings += warnings_on(pointcuts)
    except PolicyError as e:
        faults += e.faults
    return {
        "faults": [fault._asdict() for fault in faults],
        "warnings": [*warnings],
    }


def _faults_of_rule(policy_type: str, error: PolicyError) -> Iterator[PolicyFault]:
    if policy_type not in POLICY_TYPES:
        known = did_you_mean(policy_type, POLICY_TYPES) or f"known are {', '.join(POLICY_TYPES)}"
        yield PolicyFault("assetId", f"{policy_type[:64]!r} is not a policy type; {known}")
    for field, message in error.faults:
        yield PolicyFault(f"{_CONFIGURATION}.{field}".rstrip("."), message)
