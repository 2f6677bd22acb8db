"""The controller in a pod of the adapter's chart: its settings, its rights, its names."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from adapter.controller.core.desired_objects import BINDINGS_FILE
from adapter.settings import RequestSettings
from adapter.settings.controller import ControllerSettings, load_controller_settings, read_token
from tests.deploy.image import IMAGE
from tests.rig.charts import Object, Pod, objects, one

CHART = "policy-adapter"
ISTIO = ("-f", "controller-istio.yaml")
ENVOY_GATEWAY = ("-f", "controller-envoy-gateway.yaml")
ROLES = Path(__file__).parents[2] / "deploy" / "controller" / "rbac.yaml"
SECRET = {"client_id": "app", "client_secret": "hidden"}


def named(kind: str, name: str, options: tuple[str, ...]) -> Object:
    """The object of this kind and name."""
    made = [each for each in objects(CHART, *options) if each["metadata"]["name"] == name]
    return one(made, kind)


def settings(
    options: tuple[str, ...], directory: Path, monkeypatch: pytest.MonkeyPatch
) -> ControllerSettings:
    """What the controller reads in its pod."""
    deployment = named("Deployment", "policy-adapter-controller", options)
    pod = Pod(deployment["spec"]["template"]["spec"], directory)
    for name, value in (IMAGE | pod.environment(SECRET)).items():
        monkeypatch.setenv(name, value)
    content = named("ConfigMap", "policy-adapter-controller", options)["data"]["controller.yaml"]
    for mount in pod.container["volumeMounts"]:
        pod.local(mount["mountPath"]).mkdir(parents=True)
        content = content.replace(f"{mount['mountPath']}/", f"{pod.local(mount['mountPath'])}/")
    command, option = pod.container["args"]
    assert command == "controller"
    file = pod.local(option.removeprefix("--config="))
    file.write_text(content)
    return load_controller_settings(file)


def test_the_controller_accepts_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every value of the chart, with the image's environment and the Secret's values."""
    read = settings(ISTIO, tmp_path, monkeypatch)
    assert read.adapter.host == "policy-adapter.default.svc.cluster.local"
    assert read.platform.client_id == "app"
    assert read.kubernetes.namespace == "shop"
    assert read.observability.metrics_address == "0.0.0.0:9104"
    Path(str(read.rendered.token_file)).write_text("between-us\n")
    assert read_token(read) == "between-us"


def test_envoy_gateway_gets_the_service_that_names_all_pods(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if the adapters have volumes."""
    read = settings(ENVOY_GATEWAY, tmp_path, monkeypatch)
    assert read.adapter.service == "policy-adapter-headless"


def test_adapters_read_the_bindings_that_the_controller_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ConfigMap has one name in the settings, in the role, and in the adapter's pod."""
    name = settings(ISTIO, tmp_path, monkeypatch).rendered.config_map
    adapter = named("Deployment", "policy-adapter", ISTIO)["spec"]["template"]["spec"]
    assert {"name": "bindings", "configMap": {"name": name}} in adapter["volumes"]
    (mount,) = [m for m in adapter["containers"][0]["volumeMounts"] if m["name"] == "bindings"]
    assert "subPath" not in mount
    assert requests(ISTIO)["bindings_file"] == f"{mount['mountPath']}/{BINDINGS_FILE}"
    role = named("Role", "policy-adapter-controller", ISTIO)
    assert name in {each for rule in role["rules"] for each in rule.get("resourceNames", ())}


def requests(options: tuple[str, ...]) -> dict[str, Any]:
    """How the adapter finds the API of a request and its client's address."""
    content = named("ConfigMap", "policy-adapter", options)["data"]["adapter.yaml"]
    found = yaml.safe_load(content)["requests"]
    return RequestSettings.model_validate(found).model_dump(exclude_unset=True, mode="json")


def test_adapters_read_the_client_address_as_the_objects_of_the_mesh_tell_it() -> None:
    """Also if the values say something else: a client could write that address itself."""
    own = "unbound=allow", "client_address_header=x-own", "forwarded_for_position=1"
    istio = requests((*ISTIO, "--set", ",".join(f"settings.requests.{each}" for each in own)))
    assert istio["client_address_header"] == "x-adapter-client-address"
    assert (istio["unbound"], "forwarded_for_position" in istio) == ("allow", False)
    hops = ("--set", "controller.settings.rendered.trusted_hops=2")
    assert requests((*ENVOY_GATEWAY, *hops))["forwarded_for_position"] == 3


def rights(roles: list[Object]) -> set[tuple[str, ...]]:
    """Kind, group, resource, verb, and the name of the only object if there is one."""
    return {
        (role["kind"], group, resource, verb, *rule.get("resourceNames", ()))
        for role in roles
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def roles_of(options: tuple[str, ...]) -> list[Object]:
    """The roles of the controller."""
    return [
        each
        for each in objects(CHART, *options)
        if each["kind"] in {"Role", "ClusterRole"} and "controller" in each["metadata"]["name"]
    ]


def test_it_may_do_what_it_needs_and_nothing_else() -> None:
    """Both meshes together have the rights of the file that its own tests hold."""
    listed: list[Any] = list(yaml.safe_load_all(ROLES.read_text()))
    assert rights(roles_of(ISTIO)) | rights(roles_of(ENVOY_GATEWAY)) == rights(listed)
    assert rights(roles_of(ISTIO)) < rights(listed)


def test_the_roles_belong_to_the_controller() -> None:
    """Only its service account has them, and only its pods have a token."""
    made = objects(CHART, *ISTIO)
    for kind in ("Role", "ClusterRole"):
        binding = one(made, f"{kind}Binding")
        assert binding["roleRef"]["name"] in {role["metadata"]["name"] for role in roles_of(ISTIO)}
        assert binding["subjects"] == [
            {
                "kind": "ServiceAccount",
                "name": "policy-adapter-controller",
                "namespace": "default",
            }
        ]
    pods = {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]
        for each in made
        if each["kind"] == "Deployment"
    }
    assert pods["policy-adapter-controller"]["serviceAccountName"] == "policy-adapter-controller"
    assert not pods["policy-adapter"]["automountServiceAccountToken"]


def test_it_is_off_by_default() -> None:
    """Neither the controller nor the definition of ApiBinding is installed."""
    kinds = {each["kind"] for each in objects(CHART)}
    assert not kinds & {"CustomResourceDefinition", "Role", "ClusterRole"}


def test_the_definition_stays() -> None:
    """Otherwise all ApiBindings would go with the release. It can be left to another release."""
    definition = one(objects(CHART, *ISTIO), "CustomResourceDefinition")
    assert definition["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    kinds = {each["kind"] for each in objects(CHART, *ENVOY_GATEWAY)}
    assert "CustomResourceDefinition" not in kinds
