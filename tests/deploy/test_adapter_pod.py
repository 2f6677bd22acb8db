"""The adapter in a pod of the chart: its settings, its probes, its stop, its rights."""

from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from typer.testing import CliRunner

from adapter.cli import app
from tests.deploy.image import DOCKERFILE, IMAGE
from tests.rig.adapter_process import AdapterProcess
from tests.rig.certificates import Authority
from tests.rig.charts import Pod, objects, one

CHART = "policy-adapter"
EVERYTHING = ("-f", "adapter-everything.yaml")
PLATFORM = "settings.platform.organization_id=org,settings.platform.environment_id=env"
ROOT = Path(__file__).parents[2]
SECRET = {
    "client_id": "gateway",
    "client_secret": "hidden",
    "token": "t" * 32,
    "provider": "hidden",
    "redis": "redis://127.0.0.1:6379",
}


def workload(kind: str, *options: str) -> dict[str, Any]:
    """The spec of the Deployment or StatefulSet."""
    spec = one(objects(CHART, *options), kind)["spec"]
    assert isinstance(spec, dict)
    return spec


def settings(*options: str) -> str:
    """The adapter's settings file."""
    text = one(objects(CHART, *options), "ConfigMap")["data"]["adapter.yaml"]
    assert isinstance(text, str)
    return text


def mounted(pod: Pod, text: str) -> dict[str, str]:
    """Write the settings where the pod has them; its environment, the image's included."""
    for mount in pod.container["volumeMounts"]:
        pod.local(mount["mountPath"]).mkdir(parents=True)
        text = text.replace(f"{mount['mountPath']}/", f"{pod.local(mount['mountPath'])}/")
    pod.local("/etc/policy-adapter/adapter.yaml").write_text(text)
    state = {"POLICY_ADAPTER_STATE_DIRECTORY": str(pod.local("/var/lib/policy-adapter"))}
    return IMAGE | state | pod.environment(SECRET)


def checked(pod: Pod, environment: dict[str, str]) -> str:
    """What check-config prints about the pod's settings."""
    [_, option] = pod.container["args"]
    command = ["check-config", f"--config={pod.local(option.removeprefix('--config='))}"]
    done = CliRunner().invoke(app, command, env=environment)
    assert done.exit_code == 0, done.output
    return done.output


def test_check_config_accepts_what_the_chart_writes(tmp_path: Path) -> None:
    """With the image's environment and the Secret's values."""
    pod = Pod(workload("Deployment", "--set", PLATFORM)["template"]["spec"], tmp_path)
    output = checked(pod, mounted(pod, settings("--set", PLATFORM)))
    assert "the settings are good" in output


def test_check_config_accepts_every_switch(tmp_path: Path) -> None:
    """Certificates, CAs, Redis and a client provider included."""
    pod = Pod(workload("StatefulSet", *EVERYTHING)["template"]["spec"], tmp_path / "pod")
    environment = mounted(pod, settings(*EVERYTHING))
    authority = Authority(tmp_path)
    own = authority.issue("adapter")
    for place, source in {
        "/etc/policy-adapter-tls/tls.crt": own.certificate,
        "/etc/policy-adapter-tls/tls.key": own.key,
        "/etc/policy-adapter-client-ca/ca.crt": authority.certificate,
        "/etc/cas/ca.crt": authority.certificate,
    }.items():
        pod.local(place).write_bytes(source.read_bytes())
    checked(pod, environment)


def test_an_environment_file_takes_the_place_of_the_platform(tmp_path: Path) -> None:
    """Without credentials of the platform. A secret in the file comes from the environment."""
    options = ("--set", "environmentFile.existingConfigMap=shop")
    pod = Pod(workload("Deployment", *options)["template"]["spec"], tmp_path)
    environment = mounted(pod, settings(*options)) | {"SHOP_SECRET": "hidden"}
    assert [name for name in environment if "_PLATFORM_" in name] == []
    example = (ROOT / "examples" / "environment.yaml").read_text()
    pod.local("/etc/policy-adapter-environment/environment.yaml").write_text(example)
    checked(pod, environment)


def test_placeholders_keep_an_adapter_from_starting(tmp_path: Path) -> None:
    """The default values and the plain manifests contain them."""
    pod = Pod(workload("Deployment")["template"]["spec"], tmp_path)
    environment = mounted(pod, settings())
    command = ["check-config", f"--config={pod.local('/etc/policy-adapter/adapter.yaml')}"]
    done = CliRunner().invoke(app, command, env=environment)
    assert done.exit_code == 2
    assert "platform.organization_id" in done.output


async def test_a_running_adapter_answers_the_probes(tmp_path: Path) -> None:
    """Started as in the pod. Without a platform it is alive and not ready."""
    options = ("--set", f"{PLATFORM},settings.platform.base_url=http://127.0.0.1:9")
    pod = Pod(workload("Deployment", *options)["template"]["spec"], tmp_path)
    free = {
        "POLICY_ADAPTER_LISTENER__ADDRESS": "127.0.0.1:0",
        "POLICY_ADAPTER_OBSERVABILITY__METRICS_ADDRESS": "127.0.0.1:0",
        "POLICY_ADAPTER_OBSERVABILITY__INSPECTION_ADDRESS": "127.0.0.1:0",
        "POLICY_ADAPTER_SHUTDOWN__DRAIN_S": "0",
    }
    environment = mounted(pod, settings(*options)) | free
    before = ["env", *(f"{name}={value}" for name, value in environment.items())]
    content = {"listener": {}} | yaml.safe_load(settings(*options))
    paths = [
        pod.container[f"{probe}Probe"]["httpGet"]["path"]
        for probe in ("startup", "liveness", "readiness")
    ]
    async with (
        AdapterProcess(content, tmp_path / "run", before=before) as adapter,
        httpx.AsyncClient(base_url=adapter.metrics, trust_env=False) as client,
    ):
        statuses = [(await client.get(path)).status_code for path in paths]
    assert statuses == [200, 200, 503]


@pytest.mark.parametrize(
    ("options", "kind", "longest"),
    [((), "Deployment", 24), (EVERYTHING, "StatefulSet", 44.5)],
    ids=["default", "everything"],
)
def test_kubernetes_waits_for_a_stop(options: tuple[str, ...], kind: str, longest: float) -> None:
    """The drain and twice the deadline of the settings; otherwise the last events are lost."""
    spec = workload(kind, *options)["template"]["spec"]
    assert longest < spec["terminationGracePeriodSeconds"] < longest + 10


def test_ports_are_those_of_the_image() -> None:
    """The Services lead to the addresses that the image makes the adapter listen on."""
    ports = workload("Deployment")["template"]["spec"]["containers"][0]["ports"]
    listening = {IMAGE["POLICY_ADAPTER_LISTENER__ADDRESS"].rpartition(":")[2]}
    listening |= {IMAGE["POLICY_ADAPTER_OBSERVABILITY__METRICS_ADDRESS"].rpartition(":")[2]}
    assert {str(port["containerPort"]) for port in ports} == listening
    for service in (each for each in objects(CHART) if each["kind"] == "Service"):
        named = {port["name"]: port for port in service["spec"]["ports"]}
        assert named["grpc"]["appProtocol"] == "kubernetes.io/h2c"
        assert named.keys() <= {port["name"] for port in ports}


def test_a_change_of_settings_replaces_the_pods() -> None:
    """The adapter reads its file at the start only."""
    sums = {
        workload("Deployment", "--set", options)["template"]["metadata"]["annotations"][
            "checksum/config"
        ]
        for options in ("replicaCount=2", "image.tag=v2", "settings.requests.unbound=allow")
    }
    assert len(sums) == 2


def test_an_update_never_has_fewer_adapters() -> None:
    """A new one is ready, and known to Envoys that ask DNS, before an old one ends."""
    assert workload("Deployment")["minReadySeconds"] > 30 + 5
    assert workload("Deployment")["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert workload("Deployment")["replicas"] == 2


@pytest.mark.parametrize("chart", ["policy-adapter", "policy-control-plane"])
def test_pods_fit_the_restricted_standard(chart: str) -> None:
    """Kubernetes' Pod Security Standards; and more: no writable root, no token, no secret."""
    pod = one(objects(chart), "Deployment")["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert f"--uid {pod['securityContext']['runAsUser']}" in DOCKERFILE
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert not pod["automountServiceAccountToken"]


@pytest.mark.parametrize("chart", ["policy-adapter", "policy-control-plane"])
def test_kubernetes_adds_no_variables(chart: str) -> None:
    """`POLICY_ADAPTER_PORT` for the Service would be an unknown setting."""
    assert not one(objects(chart), "Deployment")["spec"]["template"]["spec"]["enableServiceLinks"]


def test_a_stateful_set_gives_each_adapter_its_own_state() -> None:
    """A volume for each pod, in place of one that ends with the pod."""
    spec = workload("StatefulSet", *EVERYTHING)
    [claim] = spec["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "5Gi"
    volumes = [each["name"] for each in spec["template"]["spec"]["volumes"]]
    assert claim["metadata"]["name"] not in volumes
    headless = [e for e in objects(CHART, *EVERYTHING) if e.get("spec", {}).get("clusterIP")]
    assert [each["metadata"]["name"] for each in headless] == [spec["serviceName"]]


def test_a_service_monitor_reads_each_adapter_once() -> None:
    """Only one of the Services that it selects has its port."""
    made = objects(CHART, *EVERYTHING)
    monitor = one(made, "ServiceMonitor")
    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    [endpoint] = monitor["spec"]["endpoints"]
    ports = [
        port["name"]
        for each in made
        if each["kind"] == "Service" and wanted <= each["metadata"]["labels"].items()
        for port in each["spec"]["ports"]
    ]
    assert ports.count(endpoint["port"]) == 1
