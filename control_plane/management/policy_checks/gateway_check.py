"""Finds the gateway's own check, if the adapter's package is installed beside the control plane.

The two packages do not import each other. The adapter offers its check as an entry point.
"""

from importlib.metadata import entry_points

from control_plane.management.policy_checks.checks import PolicyCheck

GROUP = "envoy_policy_adapter.policy_check"


def gateway_check(group: str = GROUP) -> PolicyCheck | None:
    """The check of the installed adapter; None if there is none."""
    for found in entry_points(group=group):
        check: PolicyCheck = found.load()
        return check
    return None
