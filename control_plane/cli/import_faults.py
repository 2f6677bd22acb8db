"""What a platform would refuse of an import, thing by thing.

So one bad thing of a source is refused by itself. The platform would refuse all of them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from control_plane.field_errors import placed_errors
from control_plane.imports.plan import FaultsOf
from control_plane.management.policy_checks.checks import PolicyChecks
from control_plane.protocol.bodies import Body
from control_plane.protocol.environment_file import (
    ApiItem,
    ApplicationItem,
    AutomatedPolicyItem,
    ContractItem,
    OwnPolicyItem,
    PolicyItem,
    TierItem,
)

_ITEMS: Final[Mapping[str, type[Body]]] = {
    "apis": ApiItem,
    "applications": ApplicationItem,
    "automatedPolicies": AutomatedPolicyItem,
    "contracts": ContractItem,
    "policies": OwnPolicyItem,
    "tiers": TierItem,
}


def import_faults(checks: PolicyChecks) -> FaultsOf:
    """Finds what is wrong with one thing of a list of an environment file."""

    def faults(place: str, members: Mapping[str, Any]) -> Sequence[str]:
        kind = _ITEMS[place]
        try:
            item = kind.model_validate(members)
        except ValidationError as error:
            return [f"{path}: {message}" for path, message in placed_errors(error.errors(), kind)]
        if not isinstance(item, PolicyItem):
            return ()
        found = checks.faults(item.content().columns, allow_unknown=False)
        return [f"{fault.field}: {fault.message}" for fault in found]

    return faults
