"""The form of an API instance. It allows what the JSON API allows."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from control_plane.management.masked_secrets import without_password
from control_plane.management.policy_secrets import masks_in, restored
from control_plane.pages.forms import Address, Fields, Form, InvalidForm, OneLine
from control_plane.store.tables import ApiInstance

Name = Annotated[str, Field(min_length=1, max_length=256), OneLine]
Label = Annotated[str, Field(max_length=255), OneLine]
_MAX_TAGS: Final = 100

TECHNOLOGIES: Final = {
    "flexGateway": "Flex Gateway (also for this adapter)",
    "serviceMesh": "Service Mesh",
    "mule4": "Mule 4",
    "mule3": "Mule 3",
}

LABELS: Final = {
    "asset_version": "Version",
    "instance_label": "Label",
    "endpoint_uri": "Consumer endpoint",
    "endpoint": "Implementation",
    "description": "Description",
    "tags": "Tags",
    "deprecated": "Deprecated",
}
"""The fields that can be changed."""


class ChangedApi(Fields):
    """What may change about an API instance."""

    asset_version: Name
    instance_label: Label | None = None
    endpoint_uri: Annotated[str, Field(max_length=2000), Address] | None = None
    endpoint: Annotated[str, Field(max_length=2000), Address] | None = None
    description: Annotated[str, Field(max_length=4000)] | None = None
    tags: Annotated[str, Field(max_length=_MAX_TAGS * 256), OneLine] = ""
    deprecated: bool = False

    def columns(self, stored: ApiInstance | None = None) -> dict[str, Any]:
        """The columns to store; `stored` is the API instance that changes."""
        endpoint, consumer = (stored.endpoint, stored.endpoint_uri) if stored else (None, None)
        return {
            "asset_version": self.asset_version,
            "instance_label": self.instance_label,
            "endpoint_uri": _address("endpoint_uri", self.endpoint_uri, consumer),
            "endpoint": _with_address(endpoint, self.endpoint),
            "description": self.description,
            "tags": _tags(self.tags),
            "deprecated": self.deprecated,
        }


class NewApi(ChangedApi):
    """An API instance to create."""

    asset_id: Name
    group_id: Name
    technology: Literal["flexGateway", "serviceMesh", "mule4", "mule3"] = "flexGateway"


def _with_address(endpoint: dict[str, Any] | None, address: str | None) -> dict[str, Any] | None:
    """The endpoint with this address. Its other members stay."""
    known = endpoint if isinstance(endpoint, dict) else {}
    others = {name: value for name, value in known.items() if name != "uri"}
    address = _address("endpoint", address, known.get("uri"))
    return (others | ({} if address is None else {"uri": address})) or None


def _address(field: str, given: str | None, stored: str | None) -> str | None:
    """The address with the stored credentials in place of a mask."""
    address: str | None = restored(given, stored)
    if any(masks_in(address, field)):
        why = "*** stands for stored credentials, and none are stored for this address."
        raise InvalidForm({field: f"{why} Write the whole address."})
    return address


def _tags(text: str) -> list[str]:
    tags = [tag.strip() for tag in text.split(",") if tag.strip()]
    if len(tags) > _MAX_TAGS:
        raise InvalidForm({"tags": f"Use at most {_MAX_TAGS} tags."})
    if any(len(tag) > 256 for tag in tags):
        raise InvalidForm({"tags": "Use at most 256 characters for a tag."})
    return list(dict.fromkeys(tags))


def values_of(api: ApiInstance) -> dict[str, str]:
    """The values that the form shows of an API instance."""
    return {
        "asset_version": api.asset_version,
        "instance_label": api.instance_label or "",
        "endpoint_uri": without_password(api.endpoint_uri or ""),
        "endpoint": _implementation(api),
        "description": api.description or "",
        "tags": ", ".join(api.tags or ()),
        "deprecated": "true" if api.deprecated else "",
    }


def address_of(api: ApiInstance) -> str:
    """Where clients reach the API, without credentials; empty if nobody said.

    Without a consumer endpoint it is the implementation, where older versions kept it.
    """
    return without_password(api.endpoint_uri or "") or _implementation(api)


def _implementation(api: ApiInstance) -> str:
    endpoint = api.endpoint if isinstance(api.endpoint, dict) else {}
    address = endpoint.get("uri")
    return without_password(address) if isinstance(address, str) else ""


def empty_form(group_id: str) -> Form:
    """The form for a new API instance."""
    return Form({"group_id": group_id, "asset_version": "1.0.0", "technology": "flexGateway"})
