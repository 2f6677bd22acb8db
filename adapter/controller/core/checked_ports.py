"""The ports that a sidecar asks the adapter about, in Istio's AuthorizationPolicy."""

from adapter.envoy_config.parts.tree import Tree


def with_ports_of(other: Tree, content: Tree) -> Tree:
    """The object, which also checks the ports that another version of it checks.

    An object without a list of ports stays as it is: it is about all ports, or of another kind.
    """
    ports, others = _ports(content), _ports(other)
    if ports is None:
        return content
    rule: Tree = {}
    if others is not None:
        rule = {"to": [{"operation": {"ports": sorted({*ports, *others}, key=int)}}]}
    return {**content, "spec": {**content["spec"], "rules": [rule]}}


def _ports(content: Tree) -> list[str] | None:
    rules = content.get("spec", {}).get("rules") or [{}]
    places = rules[0].get("to") or [{}]
    ports: list[str] | None = places[0].get("operation", {}).get("ports")
    return ports
