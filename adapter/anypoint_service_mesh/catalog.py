"""Reads the objects of Service Catalog (`servicecatalog.k8s.io`) in a dump."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from adapter.anypoint_service_mesh.item import Item
from adapter.runtime.validation import placed_words

_GROUP: Final = "servicecatalog.k8s.io"
KIND_LABEL: Final = "service-mesh.mulesoft.com/kind"
PURPOSES: Final = {
    "ServiceInstance": ("adapter", "api"),
    "ServiceBinding": ("adapter-binding", "api-binding"),
}
"""What Anypoint Service Mesh used each kind for."""
_PURPOSE_OF_CLASS: Final = {
    "anypoint-service-mesh-adapter": "adapter",
    "anypoint-platform-api-instance": "api",
}

Key: TypeAlias = tuple[str, str, str]
"""Kind, namespace and name."""
Name: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=253)]


class _Part(BaseModel):
    """Other fields are Service Catalog's own, and mean nothing elsewhere."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, hide_input_in_errors=True)


class Metadata(_Part):
    """Which object it is."""

    name: Name
    namespace: Name
    labels: dict[str, str] | None = None
    deletion_timestamp: str | None = None


class _Named(_Part):
    name: str


class SecretKey(_Part):
    """A key of a Secret."""

    name: str
    key: str = ""


class _ParametersFrom(_Part):
    secret_key_ref: SecretKey | None = None


class Spec(_Part):
    """What was asked for; a ServiceInstance and a ServiceBinding use different fields of it."""

    cluster_service_class_external_name: str | None = None
    service_class_external_name: str | None = None
    cluster_service_plan_external_name: str | None = None
    service_plan_external_name: str | None = None
    instance_ref: _Named | None = None
    parameters: dict[str, Any] | None = Field(default=None, repr=False)
    """Credentials may be among them."""
    parameters_from: tuple[_ParametersFrom, ...] | None = None


class _Condition(_Part):
    type: str
    status: str
    reason: str = ""


class _ObjectStatus(_Part):
    conditions: tuple[_Condition, ...] | None = None


class CatalogObject(_Part):
    """A ServiceInstance or a ServiceBinding."""

    kind: Literal["ServiceInstance", "ServiceBinding"]
    metadata: Metadata
    spec: Spec
    status: _ObjectStatus | None = None

    @property
    def key(self) -> Key:
        """What no second object has."""
        return self.kind, self.metadata.namespace, self.metadata.name

    @property
    def source(self) -> str:
        """What reports call it."""
        return f"{self.kind} {self.metadata.namespace}/{self.metadata.name}"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What the broker was told."""
        return self.spec.parameters or {}

    @property
    def plan(self) -> str:
        """The size of an adapter; empty if the dump does not say it."""
        spec = self.spec
        return spec.cluster_service_plan_external_name or spec.service_plan_external_name or ""

    @property
    def purpose(self) -> str:
        """One of `PURPOSES`, by class or label; another text for objects of other brokers."""
        spec = self.spec
        class_name = spec.cluster_service_class_external_name or spec.service_class_external_name
        by_label = (self.metadata.labels or {}).get(KIND_LABEL, "")
        return _PURPOSE_OF_CLASS.get(class_name or "", by_label)

    @property
    def secrets(self) -> list[SecretKey]:
        """Where credentials come from, unless they are among the parameters."""
        return [p.secret_key_ref for p in self.spec.parameters_from or () if p.secret_key_ref]

    @property
    def fault(self) -> str:
        """Why Service Catalog did not call it ready; empty if it did, or if it said nothing."""
        conditions = (self.status and self.status.conditions) or ()
        ready = next((c for c in conditions if c.type == "Ready"), None)
        return "" if ready is None or ready.status == "True" else ready.reason or "no reason given"


def read_objects(documents: Iterable[Any]) -> Iterator[CatalogObject | Item]:
    """The objects in documents, lists and Lists, in order; a refused item for each other entry."""
    for number, content in enumerate(_flat(documents), 1):
        yield _object(content, number)


def _flat(contents: Iterable[Any], levels: int = 3) -> Iterator[Any]:
    """The entries of lists and Lists. The limit stops lists that contain themselves by an alias."""
    for content in contents:
        inner = content.get("items") if isinstance(content, dict) else content
        if isinstance(inner, list) and levels:
            yield from _flat(inner, levels - 1)
        elif content is not None:
            yield content


def _object(content: Any, number: int) -> CatalogObject | Item:
    if not isinstance(content, dict):
        return Item(f"entry {number}", "refused", ("is not a Kubernetes object; leave it out",))
    group = str(content.get("apiVersion")).partition("/")[0]
    if group != _GROUP or content.get("kind") not in PURPOSES:
        note = f"is not a ServiceInstance or ServiceBinding of {_GROUP}; leave it out of the dump"
        return Item(_shown(content, number), "refused", (note,))
    try:
        return CatalogObject.model_validate(content)
    except ValidationError as e:
        faults = e.errors(include_url=False, include_input=False)
        return Item(_shown(content, number), "refused", tuple(map(placed_words, faults)))


def _shown(content: Mapping[str, Any], number: int) -> str:
    """What to call an object that may lack a name."""
    metadata = content.get("metadata")
    named = metadata if isinstance(metadata, dict) else {}
    place = f"{named.get('namespace', '?')}/{named.get('name', '?')}"
    return f"{content.get('kind', 'object')} {place} (entry {number})"
