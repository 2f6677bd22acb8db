"""The structure of what is rendered; that it does its work is shown in tests/e2e."""

from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from adapter.envoy_config.mesh import Mesh, text_of
from adapter.envoy_config.mesh.notes import NOTES
from adapter.settings import RequestSettings
from tests.rig.mesh_plans import example, rendered

TOKEN = "100%ours"
TOKENS: dict[Mesh, str | None] = {"istio": TOKEN, "envoy-gateway": TOKEN, "gateway-api": None}
GOLDEN = Path(__file__).parent / "golden"
MESHES = get_args(Mesh)
ORDERS = "spiffe://cluster.local/ns/shop/sa/orders"


def objects(mesh: Mesh, plan: dict[str, Any] | None = None, **options: Any) -> Any:
    """The rendered objects by kind and name."""
    documents = [document.content for document in rendered(mesh, plan, **options)]
    return {(o["kind"], o["metadata"]["name"]): o["spec"] for o in documents if "kind" in o}


@pytest.mark.parametrize("mesh", MESHES)
def test_the_examples(mesh: Mesh) -> None:
    """All documents of the example. Somebody has read each line of these files."""
    golden = yaml.safe_load_all((GOLDEN / f"{mesh}.yaml").read_text())
    assert list(yaml.safe_load_all(text_of(rendered(mesh, token=TOKENS[mesh])))) == list(golden)


@pytest.mark.parametrize("mesh", MESHES)
def test_the_adapter_can_start_with_its_settings(mesh: Mesh) -> None:
    """An operator pastes them as they are."""
    settings = rendered(mesh)[0].content["requests"]
    assert RequestSettings.model_validate(settings).bindings


def test_each_choice_has_its_note() -> None:
    """A note whose line is no longer there would tell nobody anything."""
    plan = example("envoy-gateway")
    plan["adapter"] |= {"tls_ca_secret": "ca", "tls_client_secret": "client"}
    plan["envoys"][0]["trusted_hops"] = 1
    secured = example("istio")
    secured["adapter"] |= {"tls_ca_secret": "ca"}
    secured["envoys"][1]["apis"] = [{"api_id": 5, "principal": ORDERS}]
    documents = [
        *rendered("istio"),
        *rendered("istio", secured, token=TOKEN),
        *rendered("envoy-gateway", plan, token=TOKEN),
        *rendered("gateway-api"),
    ]
    text = " ".join(line.strip("# \n") for line in text_of(documents).splitlines())
    assert {key: text.count(" ".join(note.split())) for key, note in NOTES.items()} == (
        dict.fromkeys(NOTES, 1)
    )


def test_without_a_token_istio_logs_by_telemetry() -> None:
    """Its provider cannot send a token, so with one the log goes into the EnvoyFilter."""
    plain, secured = objects("istio"), objects("istio", token=TOKEN)
    assert ("Telemetry", "policy-adapter-orders") in plain
    assert "access_log" not in str(plain)
    assert not [kind for kind, _ in secured if kind == "Telemetry"]
    assert str(secured).count("access_loggers.http_grpc") == 4  # three Envoys and a TCP port
    providers = rendered("istio", token=TOKEN)[1].content["meshConfig"]["extensionProviders"]
    assert [provider["name"] for provider in providers] == ["policy-adapter"]


def test_only_gateways_take_the_address_from_the_connection() -> None:
    """At a sidecar, the client's own x-forwarded-for would be believed."""
    plan = example("istio")
    assert "forwarded_for_position" not in str(rendered("istio")[0].content)
    del plan["envoys"][1:]
    plan["envoys"][0]["trusted_hops"] = 2
    assert rendered("istio", plan)[0].content["requests"]["forwarded_for_position"] == 3


def test_a_workload_by_its_principal() -> None:
    """The adapter's settings name the API, so that no EnvoyFilter has to."""
    plan = example("istio")
    plan["envoys"] = [plan["envoys"][1]]
    plan["envoys"][0]["apis"] = [
        {"api_id": 5, "principal": ORDERS},
        {"api_id": 6, "principal": ORDERS, "port": 9000},
    ]
    bindings = rendered("istio", plan)[0].content["requests"]["bindings"]
    assert bindings == [
        {"api_id": "5", "destination_principal": ORDERS},
        {"api_id": "6", "destination_principal": ORDERS, "destination_port": 9000},
    ]
    assert "VIRTUAL_HOST" not in str(objects("istio", plan))


def test_one_port_of_a_workload() -> None:
    """Its other ports are not checked, and their requests belong to no API."""
    plan = example("istio")
    plan["envoys"][1]["apis"] = [{"api_id": 5, "port": 8080}, {"api_id": 8, "tcp_port": 5432}]
    found = objects("istio", plan)
    rules = found["AuthorizationPolicy", "policy-adapter-orders"]["rules"]
    assert rules == [{"to": [{"operation": {"ports": ["8080", "5432"]}}]}]
    patches = found["EnvoyFilter", "policy-adapter-orders"]["configPatches"]
    (host,) = [p["match"] for p in patches if p["applyTo"] == "VIRTUAL_HOST"]
    assert host["routeConfiguration"] == {"vhost": {"name": "inbound|http|8080"}}


def test_an_adapter_with_tls() -> None:
    """Istio and Envoy Gateway name the same Secrets in their own ways."""
    secrets = {"tls_ca_secret": "ca", "tls_client_secret": "client"}
    istio, gateway = example("istio"), example("envoy-gateway")
    istio["adapter"] |= secrets
    gateway["adapter"] |= secrets
    rule = objects("istio", istio, serves_tls=True)["DestinationRule", "policy-adapter"]
    host = "policy-adapter.adapter.svc.cluster.local"
    assert rule["trafficPolicy"]["tls"] == (
        {"mode": "MUTUAL", "credentialName": "client", "sni": host}
    )
    backend = objects("envoy-gateway", gateway, serves_tls=True)["Backend", "policy-adapter-eg"]
    assert backend["tls"]["alpnProtocols"] == ["h2"]
    assert backend["tls"]["clientCertificateRef"] == {"kind": "Secret", "name": "client"}


def test_a_rule_of_a_route() -> None:
    """Istio has a name for it; Envoy Gateway has a section."""
    plan = example("envoy-gateway")
    plan["envoys"][0]["apis"] = [
        {"api_id": 1, "route": "HTTPRoute/default/shop#orders"},
        {"api_id": 2, "route": "HTTPRoute/default/shop#pay", "bind_by": "context_extensions"},
    ]
    settings = rendered("envoy-gateway", plan)[0].content["requests"]
    assert settings["bindings"] == [
        {"api_id": "1", "route_metadata": "HTTPRoute/default/shop#orders"}
    ]
    policy = objects("envoy-gateway", plan)["SecurityPolicy", "policy-adapter-httproute-shop-pay"]
    assert policy["targetRefs"][0]["sectionName"] == "pay"
    assert policy["mergeType"] == "StrategicMerge"
