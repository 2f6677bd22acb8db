"""What is wrong with a policy, or probably not meant."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from control_plane.errors import Invalid
from control_plane.store.tables import AutomatedPolicy, Policy

PolicyCheck: TypeAlias = Callable[
    [str, Mapping[str, Any], Sequence[Mapping[str, str]] | None], Mapping[str, Any]
]
"""Checks a policy's type, configuration and pointcut, all in the platform's form.

Returns `{"faults": [{"field": ..., "message": ...}], "warnings": [...]}`. An unknown type is a
fault of the field `assetId`. No message contains a value that may be secret.
"""

PointcutMatch: TypeAlias = Callable[
    [Sequence[Mapping[str, str]] | None, str, str], Mapping[str, Any]
]
"""Says whether a policy with this pointcut applies to a method and a path.

Returns `{"applies": ..., "pointcut": the number of the one that matches or None, "refused": ...,
"faults": [...]}`; `refused` says why gateways refuse such a request before they ask any policy.
"""

_MAX_NAMED: Final = 12
_CHECKED: Final = frozenset({"configuration", "pointcut"})
_COLUMNS: Final = ("asset_id", *_CHECKED)
_GATEWAY_SUFFIX: Final = re.compile(r"-(?:flex|mule)$")
"""Implementations of a policy type are named after it and a gateway: `rate-limiting-flex`."""
_ALLOW: Final = " (a type that your gateways know can be stored unchecked with ?allowUnknown=true)"


class Fault(NamedTuple):
    """What is wrong with a policy: the path of a field, such as `pointcutData.0.methodRegex`."""

    field: str
    message: str


class Findings(NamedTuple):
    """What a check finds in a policy."""

    faults: Sequence[Fault]
    """Because of these, gateways would close the API."""
    warnings: Sequence[str]
    """What is allowed, and probably not meant."""


def type_of(asset_id: str) -> str:
    """The policy type of an asset: `rate-limiting` also for `rate-limiting-flex`."""
    return _GATEWAY_SUFFIX.sub("", asset_id)


class PolicyChecks:
    """Refuses policies that would close an API, and warns of those that are probably not meant."""

    def __init__(
        self,
        check: PolicyCheck,
        *,
        match: PointcutMatch | None = None,
        is_complete: bool = True,
    ) -> None:
        self._check = check
        self.match: Final = match
        """None if no gateway is here to ask."""
        self.is_complete: Final = is_complete
        """Whether expressions, patterns and addresses are checked, too."""

    def require_valid(self, columns: Mapping[str, Any], *, allow_unknown: bool) -> None:
        """Raise Invalid with all faults of a policy, given by the names of its columns.

        `allow_unknown` accepts a type that is not known.
        """
        if faults := self.faults(columns, allow_unknown=allow_unknown):
            more = f"; and {len(faults) - _MAX_NAMED} more" if len(faults) > _MAX_NAMED else ""
            raise Invalid("; ".join(map(_line, faults[:_MAX_NAMED])) + more)

    def faults(self, columns: Mapping[str, Any], *, allow_unknown: bool) -> list[Fault]:
        """What `require_valid` would refuse."""
        found = self.findings(
            columns["asset_id"], columns["configuration"], columns.get("pointcut")
        )
        return [fault for fault in found.faults if not (allow_unknown and _is_type(fault))]

    def require_valid_change(
        self,
        policy: Policy | AutomatedPolicy,
        columns: Mapping[str, Any],
        *,
        allow_unknown: bool,
    ) -> None:
        """Raise Invalid if the policy has faults after a change of what it does.

        A policy that is broken already can still be disabled, or get another place.
        """
        if columns.keys() & _CHECKED:
            changed = {name: columns.get(name, getattr(policy, name)) for name in _COLUMNS}
            self.require_valid(changed, allow_unknown=allow_unknown)

    def warnings(self, policy: Policy | AutomatedPolicy) -> list[str]:
        """What is allowed in the policy, and probably not meant."""
        return list(self.findings(policy.asset_id, policy.configuration, policy.pointcut).warnings)

    def findings(
        self,
        asset_id: str,
        configuration: Mapping[str, Any],
        pointcut: Sequence[Mapping[str, str]] | None,
    ) -> Findings:
        """What the check finds in a policy that need not be stored."""
        found = self._check(type_of(asset_id), configuration, pointcut)
        faults = [Fault(each["field"], each["message"]) for each in found["faults"]]
        return Findings(faults, list(found["warnings"]))


def _is_type(fault: Fault) -> bool:
    return fault.field == "assetId"


def _line(fault: Fault) -> str:
    return f"{fault.field}: {fault.message}{_ALLOW if _is_type(fault) else ''}"
