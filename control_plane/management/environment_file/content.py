"""What an environment contains, as an environment file and the database have it in common.

Both are read into the same values, so that comparing them is pure. `columns` have the names of the
tables' columns and are complete: a member that a file leaves out has its default. Ids are None for
what is not stored yet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from control_plane.accounts.hashing import SaltedSecret
from control_plane.management.policies import VENDOR_GROUP_ID
from control_plane.management.policy_types import POLICY_VERSION

Columns: TypeAlias = Mapping[str, Any]

API_DEFAULTS: Final[Columns] = {
    "asset_version": None,
    "instance_label": None,
    "description": None,
    "tags": [],
    "deprecated": False,
    "technology": "flexGateway",
    "provider_id": None,
    "endpoint": None,
    "endpoint_uri": None,
    "approval_method": None,
    "deployment": None,
    "routing": None,
}
"""The columns of an API instance that files have, in their order; None also for required ones."""

_COMMON_DEFAULTS: Final[Columns] = {
    "asset_id": None,
    "group_id": VENDOR_GROUP_ID,
    "asset_version": POLICY_VERSION,
    "policy_template_id": None,
    "configuration": {},
    "pointcut": None,
    "disabled": False,
}
POLICY_DEFAULTS: Final[Columns] = {**_COMMON_DEFAULTS, "label": None}
AUTOMATED_DEFAULTS: Final[Columns] = {**_COMMON_DEFAULTS, "rule_of_application": {}}
"""The rule has neither the organization nor the environment."""

DEFAULT_ORDER: Final = 50
"""The place of an automated policy that has none."""

TIER_DEFAULTS: Final[Columns] = {
    "name": None,
    "description": None,
    "status": "ACTIVE",
    "auto_approve": False,
    "limits": None,
}
APPLICATION_DEFAULTS: Final[Columns] = {
    "name": None,
    "description": None,
    "url": None,
    "redirect_uris": [],
    "grant_types": None,
    "api_endpoints": None,
    "owner": None,
    "provider_id": None,
}


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy of an API instance, or an automated one."""

    columns: Columns
    id: int | None = None
    place: int | None = None
    """Its place among those that are stored."""

    @property
    def type(self) -> tuple[str, str]:
        """What never changes about a policy: the group and the asset of its type."""
        return self.columns["group_id"], self.columns["asset_id"]


@dataclass(frozen=True, slots=True)
class Tier:
    """An SLA tier."""

    columns: Columns
    id: int | None = None

    @property
    def name(self) -> str:
        """What finds it in its API instance."""
        return str(self.columns["name"])


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract. It names its application by the client id or by the name; tiers by their names.

    If it has both, as what is read from the database has, the client id decides.
    """

    status: str = "APPROVED"
    tier: str | None = None
    requested_tier: str | None = None
    client_id: str | None = None
    application: str | None = None
    id: int | None = None

    @property
    def lacks_its_tier(self) -> bool:
        """Whether it asks for its first tier. If it is approved, it gives access without limits."""
        return self.tier is None and self.requested_tier is not None


@dataclass(frozen=True, slots=True)
class Application:
    """A client application. Files may have its secret, and the database a hash; no repr does."""

    columns: Columns
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    hashed: SaltedSecret | None = field(default=None, repr=False)
    id: int | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return str(self.columns["name"])


@dataclass(frozen=True, slots=True)
class Api:
    """An API instance with what belongs to it. The policies are in their order."""

    group_id: str
    asset_id: str
    columns: Columns
    policies: Sequence[Policy] = ()
    tiers: Sequence[Tier] = ()
    contracts: Sequence[Contract] = ()
    id: int | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """What finds it without an id: a label is unique in its environment."""
        label = self.columns["instance_label"]
        last = ("version", self.columns["asset_version"]) if label is None else ("label", label)
        return (self.group_id, self.asset_id, *last)


@dataclass(frozen=True, slots=True)
class Content:
    """What an environment contains. Stored applications are those of the whole organization."""

    apis: Sequence[Api] = ()
    applications: Sequence[Application] = ()
    automated: Sequence[Policy] = ()

    def without_hashes(self) -> "Content":
        """The same without the hashes of client secrets, so that no secret can be compared."""
        applications = [replace(each, hashed=None) for each in self.applications]
        return replace(self, applications=applications)

    def names_others(self, stored: "Content") -> bool:
        """Whether a file names stored applications that have no contract in its environment."""
        holders = {each.client_id for api in stored.apis for each in api.contracts}
        others = [each for each in stored.applications if each.client_id not in holders]
        client_ids, names = {each.client_id for each in others}, {each.name for each in others}
        return any(
            each.name in names if each.client_id is None else each.client_id in client_ids
            for each in self.applications
        )
