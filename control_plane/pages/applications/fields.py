"""The fields of the forms for client applications."""

from typing import Annotated, Any, Final

from pydantic import Field, field_validator

from control_plane.pages.forms import Address, Fields, OneLine, WebAddress
from control_plane.store.tables import ClientApplication

LABELS: Final = {
    "name": "Name",
    "owner": "Owner",
    "description": "Description",
    "url": "URL",
    "redirect_uris": "Redirect URIs",
}

_MAX_URIS: Final = 50
_MAX_URI: Final = 2000


class ApplicationFields(Fields):
    """What people say about an application."""

    name: Annotated[str, Field(max_length=256), OneLine]
    owner: Annotated[str, Field(max_length=256), OneLine] | None = None
    description: Annotated[str, Field(max_length=4000)] | None = None
    url: Annotated[str, Field(max_length=_MAX_URI), WebAddress, Address] | None = None
    redirect_uris: Annotated[str, Field(max_length=_MAX_URIS * (_MAX_URI + 1))] = ""
    """One in each line."""

    @field_validator("redirect_uris")
    @classmethod
    def _few_and_short(cls, text: str) -> str:
        uris = text.split()
        if len(uris) > _MAX_URIS or any(len(uri) > _MAX_URI for uri in uris):
            raise ValueError(f"give at most {_MAX_URIS}, each of at most {_MAX_URI} characters")
        return text

    def columns(self) -> dict[str, Any]:
        """The columns of the application."""
        return self.model_dump() | {"redirect_uris": self.redirect_uris.split()}


def values_of(application: ClientApplication) -> dict[str, str]:
    """The values of the form's fields for this application."""
    values = {name: getattr(application, name) or "" for name in LABELS}
    return values | {"redirect_uris": "\n".join(application.redirect_uris)}
