"""The settings of the controller: a file of its own, because it is another process.

Environment variables work as for the adapter: `POLICY_ADAPTER_PLATFORM__CLIENT_SECRET`.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from adapter.envoy_config.mesh.plan import AdapterService, Name
from adapter.errors import ConfigurationError
from adapter.runtime.system_errors import system_words
from adapter.settings.addresses import HostPort
from adapter.settings.environment import overridden, unknown_variables
from adapter.settings.faults import fault_of, unknown_variable
from adapter.settings.groups.group import Group
from adapter.settings.loading import bad_settings
from adapter.settings.settings import Settings
from adapter.settings.values import FilledPath, FilledText, HeaderName, PlatformUrl, Seconds
from adapter.settings.yaml_file import read_yaml_mapping


class KubernetesSettings(Group):
    """The API server. Without a URL, that of the cluster in which this process runs as a pod."""

    url: PlatformUrl | None = None
    token_file: FilledPath | None = None
    ca_file: FilledPath | None = None
    namespace: Name | None = None
    """Bindings, routes and services of this namespace only. Default: of all namespaces."""
    request_timeout_s: Seconds = 10


class RenderedSettings(Group):
    """What the rendered objects share."""

    trusted_hops: Annotated[int, Field(ge=0)] = 0
    """Trusted proxies in front of the gateways that append to `x-forwarded-for`."""
    identity_header_prefix: FilledText = "x-adapter-"
    """As `requests.identity_header_prefix` of the adapter."""
    client_address_header: HeaderName = "x-adapter-client-address"
    """The header in which sidecars and waypoints send the client's address."""
    token_file: FilledPath | None = None
    """File with `listener.token` of the adapter. Everyone who may read EnvoyFilters or
    EnvoyPatchPolicies can read it there."""
    config_map: Name | None = None
    """The ConfigMap with the adapter's bindings, in the adapter's namespace. Default:
    `NAME-bindings`, after the controller's name."""
    takeover_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 120
    """How long after a change of that ConfigMap all adapters surely have it. The kubelet brings it
    to a pod within about 90 seconds (its `syncFrequency` of 60, and up to half of it more)."""


class ControllerPlatformSettings(Group):
    """The platform, for ApiBindings that name their API by its asset. All of them, or none."""

    base_url: PlatformUrl | None = None
    organization_id: str = ""
    environment_id: str = ""
    client_id: str = ""
    """Of a connected app that may read, and for `create` write, API instances."""
    client_secret: SecretStr = SecretStr("")
    request_timeout_s: Seconds = 10

    @model_validator(mode="after")
    def _all_or_none(self) -> "ControllerPlatformSettings":
        values = {
            "base_url": self.base_url,
            "organization_id": self.organization_id,
            "environment_id": self.environment_id,
            "client_id": self.client_id,
            "client_secret": self.client_secret.get_secret_value(),
        }
        missing = [name for name, value in values.items() if not value]
        if missing and len(missing) < len(values):
            raise ValueError(f"set {', '.join(missing)}, too, or none of them")
        return self


class LeaseSettings(Group):
    """The Lease that lets one controller of several work."""

    namespace: Name | None = None
    """Default: the adapter's."""
    name: Name | None = None
    """Default: `NAME-controller`, after the controller's name."""
    holder: FilledText | None = None
    """What this process calls itself. Default: the name of the machine, and a random part."""


class ControllerObservabilitySettings(Group):
    """Logs, metrics and probes."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "console", "json"] = "auto"
    metrics_address: HostPort = "127.0.0.1:9104"
    """Address of `/metrics`, `/healthz` and `/readyz`."""


class ControllerSettings(BaseModel):
    """All settings of a controller."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mesh: Literal["istio", "envoy-gateway"]
    """Who applies the objects. Two meshes of a cluster need two controllers."""
    name: Name = "policy-adapter"
    """Controllers of one cluster have different names, which are in a label of their objects."""
    adapter: AdapterService = AdapterService()
    rendered: RenderedSettings = RenderedSettings()
    platform: ControllerPlatformSettings = ControllerPlatformSettings()
    kubernetes: KubernetesSettings = KubernetesSettings()
    lease: LeaseSettings = LeaseSettings()
    observability: ControllerObservabilitySettings = ControllerObservabilitySettings()


def load_controller_settings(path: Path | None) -> ControllerSettings:
    """Read file and environment; raises a ConfigurationError that lists every fault."""
    read = read_yaml_mapping(path, "settings file", "mesh") if path else {}
    content = overridden(read, ControllerSettings, os.environ)
    values: dict[str, Any] = {name: v for name, v in content.items() if v is not None}
    faults = [unknown_variable(ControllerSettings, name) for name in _unknown_variables()]
    try:
        settings = ControllerSettings.model_validate(values)
    except ValidationError as e:
        faults += [fault_of(ControllerSettings, f) for f in e.errors(include_url=False)]
    if faults:
        raise bad_settings(path, tuple(faults))
    return settings


def _unknown_variables() -> list[str]:
    """Variables that neither program knows. The container image has some for the adapter."""
    of_nobody = set(unknown_variables(Settings, os.environ))
    return [name for name in unknown_variables(ControllerSettings, os.environ) if name in of_nobody]


def read_token(settings: ControllerSettings) -> str | None:
    """The adapter's token, if there is one; raises ConfigurationError if it cannot be read."""
    file = settings.rendered.token_file
    if file is None:
        return None
    try:
        token = file.read_bytes().decode("ascii", "replace").strip()
    except OSError as e:
        raise ConfigurationError(
            f"rendered.token_file: {file} cannot be read: {system_words(e)}"
        ) from None
    if not token:
        raise ConfigurationError(f"rendered.token_file: {file} is empty; write the token into it")
    if not (token.isascii() and token.isprintable()):
        raise ConfigurationError(
            f"rendered.token_file: {file} is not one line of ASCII text; write the token into it"
        )
    return token
