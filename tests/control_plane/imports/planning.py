"""Plans, as tests read them."""

from collections.abc import Mapping
from typing import Any

from control_plane.imports.plan import Plan, make_plan
from control_plane.imports.source import Source
from control_plane.management.policy_checks.checks import PolicyChecks
from control_plane.management.policy_checks.gateway_check import gateway_check


def faults_of(policy: Mapping[str, Any]) -> list[str]:
    """What a gateway says."""
    check = gateway_check()
    assert check is not None
    found = PolicyChecks(check).findings(
        policy["assetId"], policy.get("configurationData", {}), policy.get("pointcutData")
    )
    return [f"{fault.field}: {fault.message}" for fault in found.faults]


def plan_of(source: Source, *, allow_open: bool = False) -> Plan:
    """The plan, with the gateway's check of policies."""
    return make_plan(source, faults_of, allow_open=allow_open)


def words(plan: Plan) -> dict[str, str]:
    """The status and the reason of each thing, by its kind and name."""
    return {
        f"{finding.kind} {finding.name}": f"{finding.status} {finding.reason}".strip()
        for finding in plan.findings
    }
