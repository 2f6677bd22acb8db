"""Plans, as tests read them."""

from control_plane.cli.import_faults import import_faults
from control_plane.imports.plan import Plan, make_plan
from control_plane.imports.source import Source
from control_plane.management.policy_checks.checks import PolicyChecks
from control_plane.management.policy_checks.gateway_check import gateway_check


def plan_of(source: Source, *, allow_open: bool = False) -> Plan:
    """The plan, with the gateway's check of policies."""
    check = gateway_check()
    assert check is not None
    return make_plan(source, import_faults(PolicyChecks(check)), allow_open=allow_open)


def words(plan: Plan) -> dict[str, str]:
    """The status and the reason of each thing, by its kind and name."""
    return {
        f"{finding.kind} {finding.name}": f"{finding.status} {finding.reason}".strip()
        for finding in plan.findings
    }
