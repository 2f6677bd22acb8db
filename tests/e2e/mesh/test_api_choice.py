"""Envoys as Istio and Envoy Gateway configure them, imitated by static configurations."""

import ssl
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from cryptography import x509

from adapter.envoy_config import ListenerTls
from adapter.ext_authz.check.reader import RequestReader
from adapter.policy.bindings import ApiBinding
from support.upstream import Upstream
from tests.builders import CLIENT_ID_ENFORCEMENT, api, applied
from tests.e2e.conftest import config_for, manager_and_filter
from tests.rig.adapters import AdapterInProcess
from tests.rig.certificates import Authority
from tests.rig.envoy import Envoy
from tests.rig.envoy_binaries import NEWEST, envoy_binary
from tests.rig.raw_http import Answer, request

pytestmark = pytest.mark.asyncio(loop_scope="session")

WORKLOAD = "spiffe://cluster.local/ns/shop/sa/orders"
APIS = (
    api("orders", [CLIENT_ID_ENFORCEMENT]),
    api("load"),
    api("listed", [applied("ip-allowlist", {"ips": ["6.6.6.6"]})]),
)
FORGED = [("x-forwarded-for", "6.6.6.6"), ("x-adapter-client-address", "6.6.6.6")]


def as_a_mesh_has_it(config: dict[str, Any], upstream: Upstream) -> tuple[Any, Any]:
    """Routes without `api_id`, all hosts in one virtual host, and no filter that removes forgeries.

    Returns the connection manager and the filter that asks us.
    """
    manager, ext_authz = manager_and_filter(config)
    manager["http_filters"] = [
        f for f in manager["http_filters"] if not f["name"].endswith("header_mutation")
    ]
    route = {"match": {"prefix": "/"}, "route": {"cluster": f"upstream_{upstream.http_address}"}}
    host = {"name": "inbound|http|8080", "domains": ["*"], "routes": [route]}
    manager["route_config"]["virtual_hosts"] = [host]
    return manager, ext_authz


class Sidecar:
    """An Istio sidecar's inbound listener, with mutual TLS by the mesh's certificates."""

    def __init__(self, upstream: Upstream, directory: Path) -> None:
        self._upstream = upstream
        self._directory = directory
        self._authority = Authority(directory)

    def config(self, address: str) -> str:
        """The configuration of the Envoy."""
        names = (x509.UniformResourceIdentifier(WORKLOAD),)
        ours = self._authority.issue("orders", names)
        tls = ListenerTls(str(ours.certificate), str(ours.key), str(self._authority.certificate))
        config = yaml.safe_load(config_for(self._upstream, address, token=None, listener_tls=tls))
        manager, _ = as_a_mesh_has_it(config, self._upstream)
        manager["use_remote_address"] = False
        written: str = yaml.safe_dump(config)
        return written

    async def ask(self, envoy: Envoy, host: str, *headers: tuple[str, str]) -> Answer:
        """Send a request from another workload of the mesh."""
        theirs = self._authority.issue("client", (x509.UniformResourceIdentifier("spiffe://a/b"),))
        context = ssl.create_default_context(cafile=self._authority.certificate)
        context.check_hostname = False
        context.load_cert_chain(theirs.certificate, theirs.key)
        return await request(envoy.address, host, "/", headers, tls=context)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sidecar(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Sidecar:
    """The sidecar of the workload `orders`."""
    return Sidecar(upstream, tmp_path_factory.mktemp("mesh"))


async def test_at_a_sidecar_clients_cannot_choose_their_api(
    sidecar: Sidecar, tmp_path: Path
) -> None:
    """Whatever host they name: a weaker API's, or one that no binding knows."""
    bindings = [
        ApiBinding("orders", authority="orders.shop"),
        ApiBinding("load", authority="www.example.com"),
    ]
    async with (
        AdapterInProcess(APIS, bindings=bindings) as adapter,
        Envoy(envoy_binary(NEWEST), sidecar.config(adapter.address), tmp_path) as envoy,
    ):
        for host in ("www.example.com", "orders.shop", "other.test"):
            answer = await sidecar.ask(envoy, host)
            assert (answer.status, answer.header("x-adapter-reason")) == (403, "api_unbound")


async def test_a_sidecar_is_bound_by_its_workload(sidecar: Sidecar, tmp_path: Path) -> None:
    """Then its policies apply to each host, and identity headers of clients reach no service."""
    by_workload = [ApiBinding("orders", destination_principal=WORKLOAD)]
    async with (
        AdapterInProcess(APIS, bindings=by_workload) as adapter,
        Envoy(envoy_binary(NEWEST), sidecar.config(adapter.address), tmp_path) as envoy,
    ):
        answer = await sidecar.ask(envoy, "www.example.com")
        assert (answer.status, answer.header("x-adapter-reason")) == (
            401,
            "credentials_missing",
        )
        port = int(envoy.address.rpartition(":")[2])
    by_port = [ApiBinding("load", destination_port=port)]
    async with AdapterInProcess(APIS, bindings=by_port) as adapter:
        config = yaml.safe_load(sidecar.config(adapter.address))
        (listener,) = config["static_resources"]["listeners"]
        listener["address"]["socket_address"]["port_value"] = port
        async with Envoy(envoy_binary(NEWEST), yaml.safe_dump(config), tmp_path / "2") as envoy:
            answer = await sidecar.ask(envoy, "any", ("x-adapter-anything", "forged"))
            assert answer.upstream_saw("x-adapter-api-id") == ["load"]
            assert answer.upstream_saw("x-adapter-anything") == []


@pytest.mark.parametrize("position", [None, 1])
async def test_at_a_sidecar_clients_cannot_choose_their_address(
    sidecar: Sidecar, tmp_path: Path, position: int | None
) -> None:
    """Neither by our header, which nothing overwrites there, nor by an entry of x-forwarded-for."""
    bindings = [ApiBinding("listed", destination_principal=WORKLOAD)]
    reader = RequestReader(forwarded_for_position=position)
    async with (
        AdapterInProcess(APIS, bindings=bindings, reader=reader) as adapter,
        Envoy(envoy_binary(NEWEST), sidecar.config(adapter.address), tmp_path) as envoy,
    ):
        answer = await sidecar.ask(envoy, "any", *FORGED)
    assert (answer.status, answer.header("x-adapter-reason")) == (403, "address_unknown")


def gateway_config(upstream: Upstream, address: str) -> str:
    """A listener as Envoy Gateway renders it: the filter of a SecurityPolicy, on for each route."""
    config = yaml.safe_load(config_for(upstream, address, token=None))
    manager, ext_authz = as_a_mesh_has_it(config, upstream)
    ext_authz["route_metadata_context_namespaces"] = ["envoy-gateway"]
    (ours,) = [f for f in manager["http_filters"] if f["name"].endswith("ext_authz")]
    ours["name"] = "envoy.filters.http.ext_authz/securitypolicy/default/policy-adapter"
    ours["disabled"] = True
    (host,) = manager["route_config"]["virtual_hosts"]
    (route,) = host["routes"]
    on = {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "config": {}}
    host["routes"] = [
        route
        | {
            "name": f"httproute/default/{name}/rule/0/match/0/*",
            "match": {"path_separated_prefix": f"/{name}{rule}"},
            "metadata": {
                "filter_metadata": {"envoy-gateway": {"resources": [resource(name, rule)]}}
            },
            "typed_per_filter_config": {ours["name"]: on},
        }
        for name, rule in (("load", ""), ("orders", ""), ("orders", "-reads"))
    ]
    return yaml.safe_dump(config)


def resource(name: str, rule: str) -> dict[str, Any]:
    """What Envoy Gateway says of a route. A rule has its own name, if it has one."""
    named = {"kind": "HTTPRoute", "namespace": "default", "name": name}
    return named | ({"sectionName": rule[1:]} if rule else {})


async def test_rules_of_envoy_gateways_routes(upstream: Upstream, tmp_path: Path) -> None:
    """One HTTPRoute holds two APIs; identity-like headers are removed without any other filter."""
    bindings = [
        ApiBinding("load", route_metadata="HTTPRoute/default/load"),
        ApiBinding("orders", route_metadata="HTTPRoute/default/orders"),
        ApiBinding("load", route_metadata="HTTPRoute/default/orders#reads"),
    ]
    async with AdapterInProcess(APIS, bindings=bindings) as adapter:
        config = gateway_config(upstream, adapter.address)
        async with Envoy(envoy_binary(NEWEST), config, tmp_path) as envoy:
            forged = [(name, "forged") for name in ("x-adapter-token", "x_adapter_client_id")]
            for path in ("/load", "/orders-reads"):
                answer = await request(envoy.address, "a.test", path, forged)
                assert answer.upstream_saw("x-adapter-api-id") == ["load"]
                for name, _ in forged:
                    assert answer.upstream_saw(name) == []
            answer = await request(envoy.address, "a.test", "/orders")
            assert answer.header("x-adapter-reason") == "credentials_missing"
