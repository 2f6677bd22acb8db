"""JSON Schemas of the programs' settings, for the `values.schema.json` of their charts.

Helm refuses a misspelt setting before anything reaches the cluster, because the schemas are made
of the same models that the programs read. A secret has a schema that only its explanation fits, so
that Helm prints the explanation.
"""

from collections.abc import Collection
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from adapter.settings import Settings as AdapterSettings
from adapter.settings.controller import ControllerSettings
from control_plane.settings import Settings as ControlPlaneSettings

SECRET: Final = "a secret does not belong in values: put it into a Secret, see secretKeys"  # noqa: S105
"""The only text that the schema of a secret allows. Helm says so about any other."""

_OF_ADAPTER: Final = {
    *("state_directory", "workers", "disk_copy", "quota.file", "reports.instance_id"),
    *("listener.address", "listener.socket_mode", "listener.socket_group"),
    *("listener.tls_certificate_file", "listener.tls_key_file", "listener.tls_client_ca_file"),
    "observability.metrics_address",
}
"""What the chart or the image sets."""
_OF_CONTROLLER: Final = {
    *("name", "lease", "adapter.service", "adapter.namespace", "adapter.port"),
    *("rendered.config_map", "rendered.token_file"),
    *("kubernetes.url", "kubernetes.token_file", "kubernetes.ca_file"),
    "observability.metrics_address",
}
"""What the chart sets for the controller, or the cluster."""
_OF_CONTROL_PLANE: Final = {"seal_key_file", "smtp_password_file"}
"""Files, which the chart mounts."""
_SECRET_ADDRESSES: Final = {"database", "events"}
"""Addresses that may contain a password."""
_IDS: Final = {"requests.bindings.*.api_id", "platform.apis.*"}
"""Texts of digits. YAML reads them as numbers, and the adapter takes both."""
_KEPT: Final = {
    *("type", "enum", "minLength", "minimum", "maximum"),
    *("exclusiveMinimum", "exclusiveMaximum"),
}


def adapter_schema() -> dict[str, Any]:
    """What `settings` of the adapter's chart may contain."""
    return _schema(AdapterSettings, _OF_ADAPTER)


def controller_schema() -> dict[str, Any]:
    """What `controller.settings` of the adapter's chart may contain."""
    return _schema(ControllerSettings, _OF_CONTROLLER)


def control_plane_schema() -> dict[str, Any]:
    """What `settings` of the control plane's chart may contain."""
    return _schema(ControlPlaneSettings, _OF_CONTROL_PLANE)


def secret_settings(schema: dict[str, Any], group: str = "") -> list[str]:
    """The names of all secrets in a schema, such as `listener.token`."""
    found = []
    for name, inner in schema.get("properties", {}).items():
        if inner.get("const") == SECRET:
            found.append(group + name)
        found += secret_settings(inner, f"{group}{name}.")
    return found


class _Lenient(GenerateJsonSchema):
    """Leaves open what JSON Schema cannot say; the programs check it."""

    def handle_invalid_for_json_schema(
        self,
        schema: core_schema.CoreSchema,  # noqa: ARG002 - Pydantic's signature
        error_info: str,  # noqa: ARG002
    ) -> JsonSchemaValue:
        return {}


def _schema(model: type[BaseModel], left_out: Collection[str]) -> dict[str, Any]:
    whole = model.model_json_schema(schema_generator=_Lenient)
    return _Plain(whole.get("$defs", {}), left_out).of(whole, "")


class _Plain:
    """Rewrites Pydantic's schemas so that Helm's messages can be read: a tree without unions."""

    def __init__(self, definitions: dict[str, Any], left_out: Collection[str]) -> None:
        self._definitions = definitions
        self._left_out = left_out

    def of(self, schema: dict[str, Any], name: str) -> dict[str, Any]:
        """The schema of the setting with this name."""
        schema = self._resolved(schema)
        if schema.get("writeOnly") or name in _SECRET_ADDRESSES:
            return {"const": SECRET}
        if name in _IDS:
            return {"type": ["string", "integer"]}
        made = {key: value for key, value in schema.items() if key in _KEPT}
        if "properties" in schema:
            made |= {"additionalProperties": False, "properties": self._properties(schema, name)}
        if "items" in schema:
            made["items"] = self.of(schema["items"], f"{name}.*")
        if isinstance(schema.get("additionalProperties"), dict):
            made["additionalProperties"] = self.of(schema["additionalProperties"], f"{name}.*")
        return made

    def _properties(self, schema: dict[str, Any], name: str) -> dict[str, Any]:
        inner = {f"{name}.{key}".lstrip("."): each for key, each in schema["properties"].items()}
        return {
            path.rpartition(".")[2]: self.of(each, path)
            for path, each in inner.items()
            if path not in self._left_out
        }

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Without references, and with types in place of a choice."""
        if "$ref" in schema:
            return self._resolved(self._definitions[schema["$ref"].rpartition("/")[2]])
        if "anyOf" in schema:
            return _joined([self._resolved(each) for each in schema["anyOf"]])
        return schema


def _joined(choices: list[dict[str, Any]]) -> dict[str, Any]:
    """One schema for a choice: all of its types, and what else any of them says."""
    joined = {key: value for each in choices for key, value in each.items()}
    types = list(dict.fromkeys(each["type"] for each in choices))
    return joined | {"type": types if len(types) > 1 else types[0]}
