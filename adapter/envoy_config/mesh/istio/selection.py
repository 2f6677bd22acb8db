"""Which Envoys an object of Istio's applies to."""

from adapter.envoy_config.mesh.kubernetes import reference
from adapter.envoy_config.mesh.plan import MeshEnvoy
from adapter.envoy_config.parts.tree import Tree


def selection(envoy: MeshEnvoy) -> Tree:
    """The part of an AuthorizationPolicy or Telemetry."""
    return _waypoint(envoy) or {"selector": {"matchLabels": dict(envoy.labels)}}


def filter_selection(envoy: MeshEnvoy) -> Tree:
    """The part of an EnvoyFilter."""
    return _waypoint(envoy) or {"workloadSelector": {"labels": dict(envoy.labels)}}


def _waypoint(envoy: MeshEnvoy) -> Tree:
    is_waypoint = envoy.kind == "waypoint"
    return {"targetRefs": [reference("Gateway", envoy.name)]} if is_waypoint else {}
