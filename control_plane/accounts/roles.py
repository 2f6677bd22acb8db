"""Roles, and what each of them permits. Pages and the JSON API use this one table."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Permission(StrEnum):
    """What a role may permit: a kind of thing, and what may be done with it."""

    APIS_READ = "apis:read"
    """API instances, with their policies and SLA tiers; automated policies."""
    APIS_WRITE = "apis:write"
    SECRETS_READ = "secrets:read"
    """The secrets in what `apis:read` shows. Without it, they are masked."""
    CONTRACTS_READ = "contracts:read"
    CONTRACTS_WRITE = "contracts:write"
    APPLICATIONS_READ = "applications:read"
    APPLICATIONS_WRITE = "applications:write"
    ANALYTICS_READ = "analytics:read"
    """Counts and exports of requests."""
    REQUESTS_READ = "requests:read"
    """Single requests, with what they tell of their clients."""
    ADAPTERS_READ = "adapters:read"
    ADAPTERS_WRITE = "adapters:write"
    SERVICES_READ = "services:read"
    """Discovered services."""
    SERVICES_WRITE = "services:write"
    ALERTS_READ = "alerts:read"
    ALERTS_WRITE = "alerts:write"
    AUDIT_READ = "audit:read"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    ENVIRONMENTS_WRITE = "environments:write"
    """Adding, renaming and deleting environments."""
    FEED_READ = "feed:read"
    """The contract feed of gateways, which has the hashes of client secrets."""
    EVENTS_WRITE = "events:write"
    """Sending API analytics."""
    REPORTS_WRITE = "reports:write"
    """Telling what an adapter runs."""


class Role(StrEnum):
    """What somebody is to an environment, or to the whole organization."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    API_ADMIN = "api-admin"
    OWNER = "owner"
    GATEWAY = "gateway"
    """No role of users: what an adapter may do."""


USER_ROLES: Final = (Role.VIEWER, Role.OPERATOR, Role.API_ADMIN, Role.OWNER)
"""The roles of users. Each has all permissions of those before it."""

_P = Permission
_VIEWER = {_P.APIS_READ, _P.CONTRACTS_READ, _P.APPLICATIONS_READ, _P.ANALYTICS_READ}
_VIEWER |= {_P.ADAPTERS_READ, _P.SERVICES_READ, _P.ALERTS_READ}
_OPERATOR = _VIEWER | {_P.REQUESTS_READ, _P.ADAPTERS_WRITE, _P.SERVICES_WRITE, _P.AUDIT_READ}
_API_ADMIN = _OPERATOR | {_P.APIS_WRITE, _P.CONTRACTS_WRITE, _P.APPLICATIONS_WRITE, _P.FEED_READ}
_API_ADMIN |= {_P.SECRETS_READ, _P.ALERTS_WRITE}
_OWNER = _API_ADMIN | {_P.USERS_READ, _P.USERS_WRITE, _P.ENVIRONMENTS_WRITE}

PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.VIEWER: frozenset(_VIEWER),
    Role.OPERATOR: frozenset(_OPERATOR),
    Role.API_ADMIN: frozenset(_API_ADMIN),
    Role.OWNER: frozenset(_OWNER),
    Role.GATEWAY: frozenset(
        {_P.APIS_READ, _P.SECRETS_READ, _P.FEED_READ, _P.EVENTS_WRITE, _P.REPORTS_WRITE}
    ),
}


def roles_with(permission: Permission) -> list[Role]:
    """The roles of users that have the permission, the least first."""
    return [role for role in USER_ROLES if permission in PERMISSIONS[role]]
