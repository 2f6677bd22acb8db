"""Services that select some of the same pods, but not all.

Their sidecars get the objects of both, and Istio does not say whose API a request then has. So only
one of the Services can be bound.
"""

from collections import defaultdict
from collections.abc import Iterable

from adapter.controller.core.binding import BindingKey
from adapter.controller.core.claim import Claim


class SharedPods:
    """The workloads of ApiBindings, and who has bound them."""

    def __init__(self) -> None:
        self._bound: dict[str, list[tuple[Claim, BindingKey]]] = defaultdict(list)

    def add(self, claims: Iterable[Claim], owner: BindingKey) -> None:
        """Remember the workloads of an ApiBinding."""
        for claim in claims:
            if claim.envoy.kind == "sidecar":
                self._bound[claim.envoy.namespace].append((claim, owner))

    def owners(self, claims: Iterable[Claim]) -> set[BindingKey]:
        """Who has bound a workload that certainly has pods in common with one of these."""
        return {
            owner
            for claim in claims
            for other, owner in self._bound.get(claim.envoy.namespace, ())
            if _overlap(claim, other)
        }


def _overlap(one: Claim, other: Claim) -> bool:
    """Whether all pods of one belong to the other, too, and a port of theirs."""
    mine, theirs = one.envoy.labels.items(), other.envoy.labels.items()
    is_part = mine < theirs or theirs < mine
    ports = {one.place.port, other.place.port}
    return one.envoy.kind == "sidecar" and is_part and (None in ports or len(ports) == 1)
