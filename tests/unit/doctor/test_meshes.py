"""Envoys whose configuration Istio or Envoy Gateway writes, in the form of the imitations."""

from copy import deepcopy
from typing import Any, get_args

import pytest
import yaml

from adapter.doctor import Finding, as_json, as_text, examine
from adapter.doctor.checks import GROUPS
from adapter.doctor.mesh_objects import OBJECTS, Mesh
from adapter.doctor.reading.files import resources_of_bootstrap
from adapter.doctor.reading.resources import envoy_of
from adapter.envoy_config.mesh import text_of
from adapter.settings import RequestSettings
from tests.rig.imitations.envoy_gateway import EnvoyGateway
from tests.rig.imitations.istio import IstioEnvoy, route, virtual_service
from tests.rig.imitations.parts import bootstrap, cluster, manager, typed
from tests.rig.mesh_plans import rendered
from tests.unit.doctor.configurations import known

TOKEN = "between-us"
ADAPTER, SERVICE = "127.0.0.1:9001", "127.0.0.1:8000"
NO_NOTES = {"error", "warning"}


def documents(mesh: Any) -> list[dict[str, Any]]:
    """What an operator applies."""
    return list(yaml.safe_load_all(text_of(rendered(mesh, token=TOKEN))))


def istio(kind: str, name: str, hosts: list[Any], node: str, **tcp: Any) -> dict[str, Any]:
    """An Envoy of Istio's."""
    imitated = IstioEnvoy(documents("istio"), kind, name, ADAPTER)
    config = imitated.bootstrap(hosts, [cluster("service", SERVICE)], **tcp)
    return config | {"node": {"id": f"{node}~10.0.0.1~pod.shop~shop.svc.cluster.local"}}


def gateway() -> dict[str, Any]:
    """Istio's gateway, with a port without HTTP."""
    orders = virtual_service("shop", "/", "service", rule="orders")
    hosts = [{"name": "shop.test:80", "domains": ["shop.test"], "routes": [orders]}]
    return istio("gateway", "ingressgateway", hosts, "router", tcp={5432: "service"})


def sidecar() -> dict[str, Any]:
    """The inbound side of a sidecar."""
    hosts = [
        {
            "name": "inbound|http|8080",
            "domains": ["*"],
            "routes": [route("default", "/", "service")],
        }
    ]
    return istio("sidecar", "orders", hosts, "sidecar")


def envoy_gateway() -> dict[str, Any]:
    """A Gateway of Envoy Gateway's."""
    routes = [
        ("orders.test", "HTTPRoute", "default", "orders"),
        ("users.test", "HTTPRoute", "shop", "users"),
    ]
    return EnvoyGateway(documents("envoy-gateway"), ADAPTER).bootstrap(routes, SERVICE)


def findings(config: dict[str, Any], mesh: Any) -> list[Finding]:
    """What the doctor says, with the settings that were rendered beside the objects."""
    requests = RequestSettings.model_validate(documents(mesh)[0]["requests"])
    facts = known(
        has_settings=True,
        token=TOKEN,
        drain_s=4,
        trusts_address_header=requests.client_address_header is not None,
        forwarded_for_position=requests.forwarded_for_position,
    )
    found = examine(envoy_of(resources_of_bootstrap(deepcopy(config))), facts)
    return [f for f in found if f.severity in NO_NOTES and f.code not in UNKNOWN]


UNKNOWN = {"api_id_missing"}
"""The settings of a binding are compared elsewhere."""


def http_filters(config: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of the first listener."""
    listener = config["static_resources"]["listeners"][0]
    filters: list[dict[str, Any]] = listener["filter_chains"][0]["filters"][0]["typed_config"][
        "http_filters"
    ]
    return filters


def rbac(config: dict[str, Any]) -> dict[str, Any]:
    """Istio's filter that marks what is checked."""
    (found,) = [f for f in http_filters(config) if f["name"].endswith(".rbac")]
    configured: dict[str, Any] = found["typed_config"]
    return configured


@pytest.mark.parametrize(
    ("config", "mesh"),
    [(gateway, "istio"), (sidecar, "istio"), (envoy_gateway, "envoy-gateway")],
    ids=["istio-gateway", "istio-sidecar", "envoy-gateway"],
)
def test_what_is_rendered_is_clean(config: Any, mesh: str) -> None:
    """Neither an error nor a warning, with the settings that belong to it."""
    assert findings(config(), mesh) == []


def test_each_finding_names_the_object_to_change() -> None:
    """The operator of a mesh cannot change Envoy's own configuration."""
    config = gateway()
    (ext_authz,) = [f for f in http_filters(config) if f["name"].endswith(".ext_authz")]
    ext_authz["typed_config"]["failure_mode_allow"] = True
    found = findings(config, "istio")
    assert "meshConfig.extensionProviders (timeout, failOpen" in as_text(found)
    assert '"change_in": "Istio: meshConfig.extensionProviders' in as_json(found)
    config = envoy_gateway()
    del config["static_resources"]["clusters"][1]["health_checks"]
    (finding,) = findings(config, "envoy-gateway")
    assert finding.change_in.startswith("Envoy Gateway: backendSettings.healthCheck")


@pytest.mark.parametrize("mesh", get_args(Mesh))
def test_every_group_of_checks_has_its_objects(mesh: Mesh) -> None:
    """A new group would be without them."""
    assert OBJECTS[mesh].keys() == GROUPS.keys()


def test_a_policy_for_some_requests() -> None:
    """Such as notPaths, which clients get round by another spelling."""
    config = gateway()
    (policy,) = rbac(config)["shadow_rules"]["policies"].values()
    policy["permissions"] = [{"and_rules": {"rules": [{"not_rule": {"url_path": {}}}]}}]
    assert [f.code for f in findings(config, "istio")] == ["ext_authz_conditional"]
    policy["permissions"] = [{"and_rules": {"rules": [{"any": True}]}}]
    assert findings(config, "istio") == []
    policy["condition"] = {}
    assert [f.code for f in findings(config, "istio")] == ["ext_authz_conditional"]


def test_providers_that_istio_cannot_use() -> None:
    """Istio refuses everything, so nothing reaches a service without a Check."""
    config = gateway()
    filters = http_filters(config)
    filters[:] = [f for f in filters if not f["name"].endswith(".ext_authz")]
    configured = rbac(config)
    del configured["shadow_rules"]
    policies = {"default-deny-all-due-to-bad-CUSTOM-action": {"permissions": [{"any": True}]}}
    configured["rules"] = {"action": "DENY", "policies": policies}
    assert [f.code for f in findings(config, "istio")] == ["istio_refuses_all"]


def test_a_route_that_lost_its_check() -> None:
    """A SecurityPolicy without mergeType takes the Gateway's filter away from the route."""
    config = envoy_gateway()
    listener = config["static_resources"]["listeners"][0]
    http = listener["default_filter_chain"]["filters"][0]["typed_config"]
    del http["route_config"]["virtual_hosts"][0]["routes"][0]["typed_per_filter_config"]
    (finding,) = findings(config, "envoy-gateway")
    assert finding.code == "route_not_covered"
    assert "mergeType: StrategicMerge" in finding.change_in


def test_listeners_of_the_mesh_itself() -> None:
    """Those for metrics and probes, and what a sidecar uses for requests of its own workload."""
    own = manager(
        http_filters=[],
        route_config={
            "virtual_hosts": [{"domains": ["*"], "routes": [route("", "/", "prometheus_stats")]}]
        },
    )
    outbound = deepcopy(sidecar()["static_resources"]["listeners"][0])
    http_filters(bootstrap([outbound], []))[:] = []
    proxy = typed("tcp", "filters.network.tcp_proxy.v3.TcpProxy", cluster="service")
    config = sidecar()
    config["static_resources"]["listeners"] += [
        {"name": "metrics", "filter_chains": [{"filters": [own]}]},
        outbound | {"name": "virtualOutbound", "traffic_direction": "OUTBOUND"},
        {"name": "10.0.0.2_3306", "traffic_direction": "OUTBOUND", "filter_chains": [
            {"filters": [proxy]}
        ]},
    ]  # fmt: skip
    assert findings(config, "istio") == []
