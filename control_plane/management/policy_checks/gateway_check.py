"""Finds the gateway's own rules, if the adapter's package is installed beside the control plane.

The two packages do not import each other. The adapter offers its rules as entry points. They are
searched for once, because that reads the metadata of all installed packages.
"""

from functools import cache
from importlib.metadata import entry_points

from control_plane.management.policy_checks.checks import PointcutMatch, PolicyCheck

GROUP = "envoy_policy_adapter.policy_check"
_MATCH = "envoy_policy_adapter.pointcut_match"


@cache
def gateway_check(group: str = GROUP) -> PolicyCheck | None:
    """The check of the installed adapter; None if there is none."""
    for found in entry_points(group=group):
        check: PolicyCheck = found.load()
        return check
    return None


@cache
def pointcut_match() -> PointcutMatch | None:
    """How the installed adapter matches pointcuts; None if there is none."""
    for found in entry_points(group=_MATCH):
        match: PointcutMatch = found.load()
        return match
    return None
