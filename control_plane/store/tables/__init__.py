"""The tables of the configuration database, and the one of the events file (`events`).

Ids of rows that a gateway remembers are never used again (AUTOINCREMENT). A gateway would mistake
a new contract with the id of a deleted one for the old contract.
"""

from control_plane.store.tables.accounts import LoginAttempt, RoleGrant, User, UserToken
from control_plane.store.tables.alerts import (
    Alert,
    AlertDelivery,
    AlertNotice,
    AlertStanding,
)
from control_plane.store.tables.apis import (
    ApiInstance,
    Asset,
    AutomatedPolicy,
    Policy,
    SlaTier,
    Upstream,
)
from control_plane.store.tables.audit import AuditEntry
from control_plane.store.tables.base import MAX_ID, Base
from control_plane.store.tables.clients import (
    AccessToken,
    ConnectedApp,
    ConnectedAppGrant,
    GatewayLogin,
)
from control_plane.store.tables.contracts import ClientApplication, Contract, ContractTombstone
from control_plane.store.tables.fleet import Adapter, DiscoveredService, FleetLosses
from control_plane.store.tables.organizations import EndedFeedEpoch, Environment, Organization

__all__ = [
    "MAX_ID",
    "AccessToken",
    "Adapter",
    "Alert",
    "AlertDelivery",
    "AlertNotice",
    "AlertStanding",
    "ApiInstance",
    "Asset",
    "AuditEntry",
    "AutomatedPolicy",
    "Base",
    "ClientApplication",
    "ConnectedApp",
    "ConnectedAppGrant",
    "Contract",
    "ContractTombstone",
    "DiscoveredService",
    "EndedFeedEpoch",
    "Environment",
    "FleetLosses",
    "GatewayLogin",
    "LoginAttempt",
    "Organization",
    "Policy",
    "RoleGrant",
    "SlaTier",
    "Upstream",
    "User",
    "UserToken",
]
