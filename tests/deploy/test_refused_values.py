"""Values that a chart refuses before anything reaches the cluster, with Helm's message."""

import pytest

from deploy.manifests import HelmError, rendered
from deploy.settings_schema import SECRET

ADAPTER, CONTROL_PLANE = "policy-adapter", "policy-control-plane"
NO_SECRET = f'does not match: "{SECRET}"'
TOKEN = "extraEnv[0].name=POLICY_ADAPTER_LISTENER__TOKEN"


@pytest.mark.parametrize(
    ("chart", "values", "message"),
    [
        (ADAPTER, "replicaCount=two", "replicaCount: Invalid type. Expected: integer"),
        (ADAPTER, "replicas=3", "(root): Additional property replicas is not allowed"),
        (ADAPTER, "image.tagg=1", "image: Additional property tagg is not allowed"),
        (ADAPTER, "image.pullPolicy=always", 'must be one of the following: "Always"'),
        (ADAPTER, "state.size=2GB", "state.size: Does not match pattern"),
        (ADAPTER, "existingSecret=My_Secret", "existingSecret: Does not match pattern"),
        (ADAPTER, "secretKeys.listener=x", "Additional property listener is not allowed"),
        (ADAPTER, "settings.quota.stor=redis", "settings.quota: Additional property stor is not"),
        (ADAPTER, "settings.requests.unbound=open", 'of the following: "deny", "allow"'),
        (ADAPTER, "settings.workers=4", "settings: Additional property workers is not allowed"),
        (ADAPTER, "settings.platform.poll_interval_s=0", "Must be greater than 0"),
        (ADAPTER, "settings.listener.token=abc", f"settings.listener.token {NO_SECRET}"),
        (ADAPTER, "settings.quota.url=redis://u:p@h", f"settings.quota.url {NO_SECRET}"),
        (ADAPTER, f"{TOKEN},extraEnv[0].value=abc", "extraEnv.0: valueFrom is required"),
        (ADAPTER, "controller.settings.mesh=linkerd", 'must be one of the following: "istio"'),
        (ADAPTER, "controller.settings.platform.client_secret=x", NO_SECRET),
        (
            ADAPTER,
            "controller.settings.rendered.config_map=x",
            "Additional property config_map",
        ),
        (
            ADAPTER,
            "controller.enabled=true,settings.requests.bindings[0].api_id=1",
            "settings.requests.bindings: the controller writes the bindings",
        ),
        (ADAPTER, "autoscaling.enabled=true,autoscaling.minReplicas=9", "is more than autoscaling"),
        (ADAPTER, "fullnameOverride=1st", "fullnameOverride: Does not match pattern"),
        (ADAPTER, r"secretKeys.quota\.url=a: b", "secretKeys.quota.url: Does not match pattern"),
        (CONTROL_PLANE, "settings.publicUrl=x", "settings: Additional property publicUrl is not"),
        (CONTROL_PLANE, "settings.smtp_port=smtp", "settings.smtp_port: Invalid type"),
        (CONTROL_PLANE, "settings.database=postgresql://u:p@h/d", NO_SECRET),
        (CONTROL_PLANE, "secretFiles.smtp_ca_file=x", "Additional property smtp_ca_file is not"),
        (CONTROL_PLANE, "replicaCount=2", "replicaCount: Must be less than or equal to 1"),
        (CONTROL_PLANE, "ingress.enabled=true", "ingress.host: String length must be greater"),
    ],
)
def test_the_message_names_the_value(chart: str, values: str, message: str) -> None:
    """So that the operator finds it in a long file."""
    with pytest.raises(HelmError) as refused:
        rendered(chart, "--set", values)
    assert message in str(refused.value)


def test_all_faults_are_named_at_once() -> None:
    """The operator mends them in one go."""
    with pytest.raises(HelmError) as refused:
        rendered(ADAPTER, "--set", "replicaCount=two,settings.gatekeeper.mode=lax,image.pull=x")
    assert str(refused.value).count("\n- ") == 3
