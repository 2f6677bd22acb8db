"""One ApiBinding, as the controller reads it."""

from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from adapter.controller.core.refusal import INVALID, RefusedError
from adapter.envoy_config.parts.tree import Tree
from adapter.runtime.validation import placed_words


class _Part(BaseModel):
    """The API server has removed what the definition does not name."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel)


class TargetRef(_Part):
    """What is bound, in the namespace of the ApiBinding."""

    kind: str
    name: str
    section_name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}" + (f"#{self.section_name}" if self.section_name else "")


class ApiAsset(_Part):
    """An API instance by its asset."""

    group_id: str = ""
    asset_id: str
    version: str
    instance_label: str = ""
    create: bool = False


class _Spec(_Part):
    target_refs: tuple[TargetRef, ...] = Field(min_length=1)
    api_id: str = ""
    api: ApiAsset | None = None


class EnvoyKey(NamedTuple):
    """Which Envoy of a mesh plan."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"


class BindingKey(NamedTuple):
    """Which ApiBinding."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Binding(NamedTuple):
    """An ApiBinding."""

    key: BindingKey
    uid: str
    generation: int
    created: str
    """RFC 3339, so texts have the order of times."""
    targets: tuple[TargetRef, ...]
    api_id: str
    """Empty if `asset` names the API."""
    asset: ApiAsset | None
    known_api_id: str
    """What the status of this generation says; empty if it says nothing."""
    known_envoys: frozenset[EnvoyKey]
    """Where it was in force when it was last accepted."""

    @property
    def age(self) -> tuple[str, BindingKey]:
        """Sorts the oldest first; the name decides between equal times."""
        return self.created, self.key


def read_binding(content: Tree) -> Binding:
    """Read it. Raises RefusedError if an API server let something pass that is not valid."""
    metadata, status = content["metadata"], content.get("status", {})
    try:
        spec = _Spec.model_validate(content.get("spec", {}))
    except ValidationError as e:
        raise RefusedError(INVALID, "; ".join(map(placed_words, e.errors()))) from None
    if bool(spec.api_id) == bool(spec.api):
        raise RefusedError(INVALID, "set either apiId or api")
    is_current = observed_generation(status) == metadata["generation"]
    return Binding(
        BindingKey(metadata["namespace"], metadata["name"]),
        metadata["uid"],
        metadata["generation"],
        metadata["creationTimestamp"],
        spec.target_refs,
        spec.api_id,
        spec.api,
        status.get("apiId", "") if is_current else "",
        frozenset(map(_envoy, status.get("envoys", []))),
    )


def _envoy(text: str) -> EnvoyKey:
    kind, _, place = text.partition("/")
    return EnvoyKey(kind, *place.partition("/")[::2])


ACCEPTED: Final = "Accepted"
PROGRAMMED: Final = "Programmed"


def condition(status: Tree, kind: str) -> Tree:
    """The condition of this type; empty if there is none."""
    conditions: list[dict[str, Any]] = status.get("conditions", [])
    return next((c for c in conditions if c["type"] == kind), {})


def observed_generation(status: Tree) -> int:
    """The generation that the status is about; 0 if there is none."""
    return int(condition(status, ACCEPTED).get("observedGeneration", 0))
