"""An attachment: an Envoy, and which of its requests an ApiBinding binds to its API."""

from typing import Any, Literal, NamedTuple

from pydantic import ValidationError

from adapter.controller.core.binding import EnvoyKey
from adapter.controller.core.refusal import INVALID, RefusedError
from adapter.envoy_config.mesh import Mesh
from adapter.envoy_config.mesh.plan import MeshApi, MeshEnvoy
from adapter.envoy_config.mesh.ways import binding_of
from adapter.runtime.validation import plain_words

_NO_API = "none"


class Attachment(NamedTuple):
    """It has no API yet: `with_api` gives it one."""

    envoy: MeshEnvoy
    place: MeshApi
    is_specific: bool
    """Whether the ApiBinding names the part of the target. Such an attachment comes first."""

    def with_api(self, api_id: str) -> MeshApi:
        """The entry of the mesh plan."""
        return self.place.model_copy(update={"api_id": api_id})

    def conflict_key(self, mesh: Mesh) -> str:
        """Attachments with the same key are about the same requests."""
        binding = binding_of(mesh, self.envoy, self.place)
        # Istio's patches find a rule by its name alone.
        return str(binding or (envoy_key(self.envoy), self.place.rule, self.place.port))


def envoy_key(envoy: MeshEnvoy) -> EnvoyKey:
    """Which Envoy."""
    return EnvoyKey(envoy.kind, envoy.namespace, envoy.name)


def make_envoy(
    kind: Literal["gateway", "sidecar", "waypoint"], name: str, namespace: str, **options: Any
) -> MeshEnvoy:
    """An Envoy of the plan; raises RefusedError if a name does not fit."""
    values = {"kind": kind, "name": name, "namespace": namespace, **options}
    try:
        return MeshEnvoy.model_validate(values)
    except ValidationError as e:
        raise _refused(f"{kind} {namespace}/{name}", e) from None


def make_attachment(envoy: MeshEnvoy, shown: str, *, is_specific: bool, **place: Any) -> Attachment:
    """An attachment; raises RefusedError if a name does not fit. `shown` names the target."""
    try:
        api = MeshApi.model_validate({"api_id": _NO_API, **place})
    except ValidationError as e:
        raise _refused(shown, e) from None
    return Attachment(envoy, api, is_specific)


def _refused(shown: str, error: ValidationError) -> RefusedError:
    faults = [f"{f['loc'][0]} {plain_words(f)}" for f in error.errors(include_url=False)]
    hint = "names have at most 63 characters there, routes 150"
    return RefusedError(INVALID, f"{shown}: {' and '.join(faults)} ({hint})")
