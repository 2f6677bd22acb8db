"""The control plane in a pod of the chart: its settings and its database."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from control_plane.cli import app
from control_plane.settings import Settings, unknown_variables
from tests.rig.charts import Pod, objects, one

CHART = "policy-control-plane"
EVERYTHING = ("-f", "control-plane-everything.yaml")
SECRET = {"url": "postgresql://platform:hidden@db.internal/platform", "oidc": "hidden"}


def deployment(*options: str) -> dict[str, Any]:
    """The spec of the Deployment."""
    spec = one(objects(CHART, *options), "Deployment")["spec"]
    assert isinstance(spec, dict)
    return spec


def settings(pod: Pod, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """What the control plane reads from the pod's environment."""
    for mount in pod.container["volumeMounts"]:
        pod.local(mount["mountPath"]).mkdir(parents=True)
    environment = pod.environment(SECRET)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
        if name.endswith("_FILE"):
            Path(value).write_text("key")
    assert unknown_variables(environment) == []
    return Settings()


def test_default_settings_are_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite, on the volume."""
    pod = Pod(deployment()["template"]["spec"], tmp_path)
    assert settings(pod, monkeypatch).database == pod.local(
        "/var/lib/policy-control-plane/platform.db"
    )


def test_every_setting_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers, truths and files arrive as they are meant."""
    pod = Pod(deployment(*EVERYTHING)["template"]["spec"], tmp_path)
    read = settings(pod, monkeypatch)
    assert read.max_analytics_events == 1_000_000
    assert read.alert_webhooks_to_loopback
    assert read.seal_key_file == pod.local("/etc/policy-control-plane/seal")
    assert "db.internal" in str(read.database)


def test_the_command_and_its_options_exist() -> None:
    """Otherwise the pod would not start after an option was renamed."""
    [container] = deployment()["template"]["spec"]["containers"]
    assert container["command"] == ["policy-control-plane"]
    command, *options = container["args"]
    shown = CliRunner().invoke(app, [command, "--help"])
    assert [o for o in options if o.partition("=")[0] not in shown.stdout] == []


def test_old_and_new_versions_never_run_together() -> None:
    """A SQLite file belongs to one process, and a new version upgrades the tables."""
    for options in ((), EVERYTHING):
        assert deployment(*options)["strategy"] == {"type": "Recreate"}


def test_the_volume_of_sqlite_stays() -> None:
    """Also when the release is removed. PostgreSQL needs none."""
    claim = one(objects(CHART), "PersistentVolumeClaim")
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    kinds = {each["kind"] for each in objects(CHART, *EVERYTHING)}
    assert "PersistentVolumeClaim" not in kinds


def test_an_ingress_leads_to_the_service() -> None:
    """With TLS for its host."""
    made = objects(CHART, *EVERYTHING)
    spec = one(made, "Ingress")["spec"]
    [path] = spec["rules"][0]["http"]["paths"]
    service = one(made, "Service")
    assert path["backend"]["service"]["name"] == service["metadata"]["name"]
    assert path["backend"]["service"]["port"]["name"] == service["spec"]["ports"][0]["name"]
    assert spec["tls"] == [{"hosts": ["apis.example.com"], "secretName": "apis-tls"}]
