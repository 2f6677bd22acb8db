"""The entries of an environment file (docs/environment-file.md). Unknown members are refused.

Lists are not checked here: `content` reads each of their entries on its own, so that one bad entry
does not hide the faults of the others, and Checks run in between.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt
from pydantic.alias_generators import to_camel

from adapter.platform_client.environment_file.references import Referenced
from adapter.platform_client.protocol.field_types import MAX_TEXT_CHARS

Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=MAX_TEXT_CHARS)]
Number: TypeAlias = Annotated[StrictInt, Field(ge=1, le=2**53)]


def _one_reference(value: Any) -> Any:
    if value is None or isinstance(value, Referenced):
        return value
    raise ValueError(
        "must be one reference and nothing else, such as ${SHOP_SECRET} or "
        "${file:/run/secrets/shop}, so that no secret is in the file"
    )


Entries: TypeAlias = list[Any]
"""A list without a value is a fault: an API would be open if somebody forgot its policies."""


class Entry(BaseModel):
    """What all entries share: camelCase names. What this adapter does not use may be anything."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)
    placeholders: ClassVar[Mapping[str, Any] | None] = None
    """Members that stand in for those of an entry with faults, so that its lists are read, too."""


class EnvironmentEntry(Entry):
    """The whole file."""

    placeholders = {"version": 1}
    version: Literal[1]
    apis: Entries = []
    applications: Entries = []
    automated_policies: Entries = []


class ApiEntry(Entry):
    """An API instance."""

    placeholders = {"groupId": "?", "assetId": "?", "assetVersion": "?"}
    id: Number | None = None
    group_id: Name
    asset_id: Name
    asset_version: Name
    instance_label: Name | None = None
    policies: Entries = []
    tiers: Entries = []
    contracts: Entries = []
    description: Any = None
    provider_id: Any = None
    tags: Any = None
    deprecated: Any = None
    technology: Any = None
    endpoint: Any = None
    endpoint_uri: Any = None
    approval_method: Any = None
    deployment: Any = None
    routing: Any = None


class PointcutEntry(Entry):
    """A part of an API."""

    method_regex: str | None = None
    uri_template_regex: str | None = None


class PolicyEntry(Entry):
    """What all policies have."""

    id: Number | None = None
    asset_id: Name
    group_id: Any = None
    asset_version: Any = None
    policy_template_id: Any = None
    configuration_data: dict[str, Any] | None = Field(default=None, repr=False)
    pointcut_data: Entries | None = None
    disabled: StrictBool = False


class OwnPolicyEntry(PolicyEntry):
    """A policy of an API instance."""

    label: Any = None


class AutomatedPolicyEntry(PolicyEntry):
    """An automated policy."""

    rule_of_application: dict[str, Any] | None = None


class TierEntry(Entry):
    """An SLA tier. The platform's own document has the rules for its limits."""

    name: Name
    limits: Any
    status: Literal["ACTIVE", "DEPRECATED"] = "ACTIVE"
    auto_approve: Any = None
    description: Any = None


class ContractEntry(Entry):
    """A contract, by the name or the client id of its application."""

    application: Name | None = None
    client_id: Name | None = None
    tier: Name | None = None
    requested_tier: Any = None
    status: Literal["PENDING", "APPROVED", "REJECTED", "REVOKED"] = "APPROVED"


class ApplicationEntry(Entry):
    """A client application."""

    name: Name
    client_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]{1,256}$")] | None = None
    client_secret: Annotated[
        Annotated[str, Field(min_length=1)] | None, BeforeValidator(_one_reference)
    ] = Field(default=None, repr=False)
    provider_id: Any = None
    description: Any = None
    url: Any = None
    owner: Any = None
    redirect_uri: Any = None
    grant_types: Any = None
    api_endpoints: Any = None
