"""Services that select some of the same pods, but not all.

Their sidecars get the objects of both, and Istio does not say whose API a request then has. So only
one of the Services can be bound.
"""

from collections import defaultdict
from collections.abc import Iterable

from adapter.controller.core.attachment import Attachment
from adapter.controller.core.binding import BindingKey


class SharedPods:
    """The workloads of ApiBindings, and who has bound them."""

    def __init__(self) -> None:
        self._bound: dict[str, list[tuple[Attachment, BindingKey]]] = defaultdict(list)

    def add(self, attachments: Iterable[Attachment], owner: BindingKey) -> None:
        """Remember the workloads of an ApiBinding."""
        for attachment in attachments:
            if attachment.envoy.kind == "sidecar":
                self._bound[attachment.envoy.namespace].append((attachment, owner))

    def owners(self, attachments: Iterable[Attachment]) -> set[BindingKey]:
        """Who has bound a workload that certainly has pods in common with one of these."""
        return {
            owner
            for attachment in attachments
            for other, owner in self._bound.get(attachment.envoy.namespace, ())
            if _overlap(attachment, other)
        }


def _overlap(one: Attachment, other: Attachment) -> bool:
    """Whether all pods of one belong to the other, too, and a port of theirs."""
    mine, theirs = one.envoy.labels.items(), other.envoy.labels.items()
    is_part = mine < theirs or theirs < mine
    ports = {one.place.port, other.place.port}
    return one.envoy.kind == "sidecar" and is_part and (None in ports or len(ports) == 1)
