"""Tokens, callers, organizations and environments."""

from datetime import datetime
from typing import Literal, NotRequired

from typing_extensions import TypedDict


class Token(TypedDict):
    """A bearer token."""

    access_token: str
    token_type: Literal["bearer"]
    expires_in: int
    """Seconds."""


class Environment(TypedDict):
    """An environment; `clientId` is that of its oldest gateway credentials."""

    id: str
    name: str
    organizationId: str
    isProduction: bool
    type: str
    clientId: str | None


class Environments(TypedDict):
    """A page of environments."""

    data: list[Environment]
    total: int


class Organization(TypedDict):
    """An organization."""

    id: str
    name: str
    isRoot: bool
    isMaster: bool
    parentId: None
    parentOrganizationIds: list[str]
    subOrganizationIds: list[str]
    tenantOrganizationIds: list[str]


class OrganizationWithEnvironments(Organization):
    """An organization with the environments that the caller may name in paths."""

    entitlements: dict[str, bool]
    environments: list[Environment]


class Account(TypedDict):
    """A user or client."""

    id: str
    username: str
    firstName: str
    lastName: str
    email: str | None
    enabled: bool
    createdAt: datetime | None
    role: str
    organizationId: str
    organization: Organization
    memberOfOrganizations: list[Organization]
    contributorOfOrganizations: list[Organization]
    organizationPreferences: dict[str, str]


class Client(TypedDict):
    """The credentials of a gateway or a connected app."""

    client_id: str
    name: str
    org_id: str


class Me(TypedDict):
    """The caller."""

    user: Account
    client: NotRequired[Client]
