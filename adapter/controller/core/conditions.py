"""The status of an ApiBinding: its conditions, which keep the time of their last change."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from adapter.controller.core.binding import ACCEPTED, PROGRAMMED, condition, observed_generation
from adapter.controller.core.decision import Acceptance
from adapter.controller.core.refusal import OTHER_MESH
from adapter.controller.core.resources import Key
from adapter.envoy_config.parts.tree import Tree

ADAPTER_UPDATING: Final = "AdapterUpdating"
NOT_ACCEPTED: Final = "NotAccepted"
NOT_APPLIED: Final = "NotApplied"
TOO_MANY_BINDINGS: Final = "TooManyBindings"
_LONGEST_MESSAGE: Final = 32_768


class Outcome(NamedTuple):
    """How applying went."""

    waits_for: tuple[str, str] | None = None
    """Why nothing is applied yet: reason and message; None if all was tried."""
    failures: Mapping[Key, str] = {}
    """What could not be applied or removed, and why."""


def status_of(
    content: Tree, acceptance: Acceptance, outcome: Outcome, shared_namespace: str, now: str
) -> Tree:
    """The new status of this ApiBinding; `now` in RFC 3339."""
    old, generation = content.get("status", {}), content["metadata"]["generation"]
    found = {
        ACCEPTED: (acceptance.status, acceptance.reason, acceptance.message),
        PROGRAMMED: _programmed(acceptance, outcome, shared_namespace),
    }
    conditions = []
    for kind, (status, reason, message) in found.items():
        before = condition(old, kind)
        changed = before.get("status") != status
        conditions.append(
            {
                "type": kind,
                "status": status,
                "reason": reason,
                "message": message[:_LONGEST_MESSAGE],
                "observedGeneration": generation,
                "lastTransitionTime": now if changed else before["lastTransitionTime"],
            }
        )
    others = {"apiId": acceptance.api_id, "envoys": sorted(map(str, acceptance.envoys))}
    return {"conditions": conditions, **{name: value for name, value in others.items() if value}}


def is_left_to_others(content: Tree, acceptance: Acceptance) -> bool:
    """Whether the controller of another mesh has accepted this ApiBinding, as it is now.

    Without this, the two would overwrite each other's status.
    """
    status = content.get("status", {})
    is_current = observed_generation(status) == content["metadata"]["generation"]
    is_accepted = condition(status, ACCEPTED).get("status") == "True"
    return acceptance.reason == OTHER_MESH and is_current and is_accepted


def _programmed(acceptance: Acceptance, outcome: Outcome, shared: str) -> tuple[str, str, str]:
    """Whether the mesh has what this ApiBinding needs."""
    if acceptance.status != "True":
        return "False", NOT_ACCEPTED, "See the condition Accepted."
    if outcome.waits_for is not None:
        return "False", *outcome.waits_for
    mine = [
        f"{key}: {why}"
        for key, why in outcome.failures.items()
        if key.namespace in {shared, *(envoy.namespace for envoy in acceptance.envoys)}
    ]
    if mine:
        return "False", NOT_APPLIED, "; ".join(mine)
    return "True", PROGRAMMED, "All objects of the mesh are applied."
