"""Parts that several answers have."""

from datetime import datetime

from pydantic import with_config
from typing_extensions import TypedDict


class Dated(TypedDict, total=False):
    """When something happened; empty if it did not."""

    date: datetime


class Audit(TypedDict):
    """When a thing was made and changed."""

    created: Dated
    updated: Dated


class Owned(TypedDict):
    """A thing of an organization."""

    audit: Audit
    masterOrganizationId: str
    organizationId: str


@with_config(extra="allow")
class Kept(TypedDict):
    """An object that is kept as a client sent it."""
