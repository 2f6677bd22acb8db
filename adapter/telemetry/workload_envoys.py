"""Says if settings for the edge of a mesh are used with Envoys that stand before workloads.

A sidecar or a waypoint accepts any host, and adds nothing to `x-forwarded-for`. Its clients could
choose their API by a binding with `authority`, and their address with `forwarded_for_position`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog

_WORKLOADS: Final = ("sidecar~", "waypoint~")
"""How Istio begins the node ids of such Envoys; those of gateways begin with `router~`."""
_MOST_NODES: Final = 10
_FIX: Final = (
    "bind their APIs by api_id, route_name or destination_principal, and tell the client's address "
    "by requests.client_address_header; or let another adapter serve the sidecars"
)


class WorkloadEnvoys:
    """Remembers the first of these Envoys.

    `unsafe` names the settings that must not meet them. Bindings may change at any time.
    """

    def __init__(self, unsafe: Callable[[], Sequence[str]]) -> None:
        self._unsafe = unsafe
        self._nodes: dict[str, None] = {}
        self._log = structlog.get_logger()

    def add(self, node: str) -> None:
        """Note an Envoy by its node id."""
        is_new = node.startswith(_WORKLOADS) and node not in self._nodes
        if not is_new or len(self._nodes) >= _MOST_NODES:
            return
        self._nodes[node] = None
        if unsafe := ", ".join(self._unsafe()):
            self._log.warning("settings.unsafe_at_workloads", node=node, settings=unsafe, fix=_FIX)

    @property
    def alarms(self) -> Mapping[str, str]:
        """What an operator should look at."""
        unsafe, nodes = ", ".join(self._unsafe()), ", ".join(self._nodes)
        if not (unsafe and nodes):
            return {}
        return {"workloads": f"{unsafe} cannot be trusted at these Envoys: {nodes}; {_FIX}"}
