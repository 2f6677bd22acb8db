"""Request bodies about API instances and their upstreams.

Official schemas: api-oas.json, upstreamPOST-oas.json and upstreamPATCH-oas.json.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, with_config
from typing_extensions import TypedDict

from control_plane.errors import Invalid
from control_plane.management.texts import address, one_line
from control_plane.protocol.bodies import ANSWERED, UUID_PATTERN, Body, Id, JsonObject, Name, Prose
from control_plane.store.json_values import require_json

MAX_TAGS: Final = 100

MAX_KEPT_CHARS: Final = 16_384
"""Of the JSON of an object that is kept as it was sent."""

Technology = Literal["mule3", "mule4", "flexGateway", "serviceMesh"]
Label = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(one_line)]
Address = Annotated[
    str,
    Field(min_length=1, max_length=2000, json_schema_extra={"format": "uri"}),
    AfterValidator(address),
]
Tags = Annotated[list[Name], Field(max_length=MAX_TAGS)]


def _empty_or_address(text: str) -> str:
    return address(text) if text else text


def _empty_or_one_line(text: str) -> str:
    return one_line(text) if text else text


# The vendor's tools send empty text to clear a value.
OptionalAddress = Annotated[str, Field(max_length=2000), AfterValidator(_empty_or_address)]
OptionalLabel = Annotated[str, Field(max_length=255), AfterValidator(_empty_or_one_line)]


def _small(value: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(value)) > MAX_KEPT_CHARS:
        raise ValueError(f"must have at most {MAX_KEPT_CHARS} characters of JSON")
    return value


Kept = Annotated[JsonObject, AfterValidator(_small)]
"""An object that means nothing here. It is stored and answered as it was sent."""

UpstreamId = Annotated[str, Field(pattern=UUID_PATTERN), AfterValidator(str.lower)]
UpstreamIds = Annotated[list[UpstreamId], Field(max_length=100)]


class Spec(Body):
    """The asset that an API instance is an instance of."""

    group_id: Name
    asset_id: Name
    version: Name


@with_config(extra="allow", strict=True)
class EndpointAddresses(TypedDict, total=False):
    """The addresses of an endpoint. Its other members are kept as they are."""

    uri: Address | None
    proxyUri: Address | None


Endpoint = Annotated[EndpointAddresses, AfterValidator(require_json)]


class UpstreamFields(Body):
    """What a client says about an upstream, by itself."""

    ignored = ANSWERED

    uri: Address | None = None
    label: OptionalLabel | None = None
    tls_context: Kept | None = None


class NamedUpstream(UpstreamFields):
    """An upstream that has an id, or a new one."""

    ignored = ANSWERED - {"id"}

    id: UpstreamId | None = None


class RouteUpstream(NamedUpstream):
    """An upstream in a route, and its share of the requests."""

    weight: Annotated[int, Field(ge=0, le=100)] = 100


class Route(Body):
    """Which requests go to which upstreams."""

    label: OptionalLabel | None = None
    rules: Kept | None = None
    upstreams: Annotated[list[RouteUpstream], Field(max_length=100)] = Field(default_factory=list)


Routing = Annotated[list[Route], Field(max_length=100)]


class AllEntities(Body):
    """Whether a promotion copies the things of one kind."""

    all_entities: bool


class Promotion(Body):
    """Which API instance of another environment is copied, and what with it."""

    origin_api_id: Id
    policies: AllEntities | None = None
    tiers: AllEntities | None = None
    alerts: AllEntities | None = None
    contracts: AllEntities | None = None


def _false_as_none(value: Any) -> Any:
    return None if value is False else value


class _ApiFields(Body):
    """What clients may say about an API instance, new or not."""

    instance_label: Label | None = None
    endpoint: Endpoint | None = None
    endpoint_uri: OptionalAddress | None = None
    approval_method: Label | None = None
    deployment: Kept | None = None
    routing: Routing | None = None
    provider_id: Label | None = None
    description: Prose | None = None
    tags: Tags = Field(default_factory=list)

    def columns(self) -> dict[str, Any]:
        """The columns that the body names."""
        found = {name: value for name, value in self.given().items() if name in _COLUMNS}
        if self.routing is not None:
            found["routing"] = [route.model_dump(exclude_unset=True) for route in self.routing]
        return found


_COLUMNS: Final = frozenset(_ApiFields.model_fields) | {"technology", "deprecated", "asset_version"}


class NewApi(_ApiFields):
    """An API instance to create."""

    spec: Spec | None = None
    # A bare `false`, as `anypoint-sdk` sends it, asks for no promotion.
    promote: Annotated[Promotion | None, BeforeValidator(_false_as_none)] = None
    technology: Technology = "flexGateway"
    product_version: Name | None = None
    upstreams: Annotated[list[NamedUpstream], Field(max_length=100)] = Field(default_factory=list)


class ApiChange(_ApiFields):
    """What may change about an API instance; the fields at the end only if they stay the same."""

    ignored = ANSWERED | {"activeContractsCount", "asset"}

    deprecated: bool = False
    asset_version: Name = ""
    upstreams: Annotated[list[NamedUpstream], Field(max_length=100)] = Field(default_factory=list)
    spec: Spec | None = None
    asset_id: Any = None
    group_id: Any = None
    technology: Any = None
    product_version: Any = None
    autodiscovery_instance_name: Any = None
    order: Any = None
    pinned: Any = None
    last_active_date: Any = None

    def columns(self) -> dict[str, Any]:
        """The columns that the body names."""
        version = {} if self.spec is None else {"asset_version": self.spec.version}
        return version | super().columns()

    def require_same(self, document: Mapping[str, Any]) -> None:
        """Raise Invalid if a field that can't change differs from the API instance's document."""
        given = {name: getattr(self, name) for name in _FIXED if name in self.model_fields_set}
        places = {self._official(name): value for name, value in given.items()}
        if self.spec is not None:
            places |= {"assetId": self.spec.asset_id, "groupId": self.spec.group_id}
        different = [name for name, value in places.items() if document[name] != value]
        if different:
            raise Invalid("; ".join(f"{name}: can't change" for name in sorted(different)))

    def _official(self, name: str) -> str:
        return str(type(self).model_fields[name].alias)


_FIXED: Final = (
    *("asset_id", "group_id", "technology", "product_version", "autodiscovery_instance_name"),
    *("order", "pinned", "last_active_date"),
)
