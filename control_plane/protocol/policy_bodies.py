"""What clients send about policies: a new one, a change, and an order."""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field

from control_plane.management.policies import MAX_CONFIGURATION_DEPTH, VENDOR_GROUP_ID
from control_plane.protocol.api_bodies import OptionalLabel, UpstreamId, UpstreamIds
from control_plane.protocol.bodies import ANSWERED, Body, Id, JsonObject, Name
from control_plane.store.json_values import depth_of


def _not_too_deep(configuration: dict[str, Any]) -> dict[str, Any]:
    if depth_of(configuration) > MAX_CONFIGURATION_DEPTH:
        raise ValueError(f"nested more than {MAX_CONFIGURATION_DEPTH} levels; gateways refuse it")
    return configuration


Configuration = Annotated[JsonObject, AfterValidator(_not_too_deep)]
Order = Annotated[int, Field(ge=1, le=1_000_000)]
Regex = Annotated[str, Field(min_length=1, max_length=1000)]


def _number_as_text(value: Any) -> Any:
    return str(value) if type(value) is int else value


# The vendor's Terraform provider sends a number here, and expects text in the answer.
TemplateId = Annotated[Name, BeforeValidator(_number_as_text)]


class PointcutRule(Body):
    """Methods and paths that a policy is for."""

    method_regex: Regex
    uri_template_regex: Regex


Pointcut = Annotated[list[PointcutRule], Field(max_length=100)]


UNUSED: Final = ANSWERED | {
    *("apiVersionId", "implementationAsset", "implementationAssets", "policyId", "template"),
    "type",
}
"""Fields of the vendor's clients, and of our answers, that have no effect in a body."""


class NewPolicy(Body):
    """A policy to apply."""

    ignored = UNUSED

    asset_id: Name
    asset_version: Name
    group_id: Name = VENDOR_GROUP_ID
    policy_template_id: TemplateId | None = None
    configuration_data: Configuration
    pointcut_data: Pointcut | None = None
    order: Order | None = None
    disabled: bool = False
    label: OptionalLabel | None = None
    upstream_ids: UpstreamIds | None = None
    upstream_id: UpstreamId | None = None


class PolicyChange(Body):
    """What may change about a policy. Its type is accepted if it is the same."""

    ignored = UNUSED

    asset_id: Name = ""
    group_id: Name = ""
    policy_template_id: TemplateId | None = None
    asset_version: Name = ""
    configuration_data: Configuration = Field(default_factory=dict)
    pointcut_data: Pointcut | None = None
    order: Order = 1
    disabled: bool = False
    label: OptionalLabel | None = None
    upstream_ids: UpstreamIds | None = None


class PolicyOrder(Body):
    """A policy's new place."""

    id: Id
    order: Order


def policy_columns(body: Body) -> dict[str, Any]:
    """The fields that were sent, by the names of their columns."""
    columns = body.model_dump(by_alias=False, include=body.model_fields_set)
    # The vendor's command line names one upstream by itself.
    if (upstream := columns.pop("upstream_id", None)) is not None:
        columns["upstream_ids"] = [upstream, *(columns.get("upstream_ids") or ())]
    if "configuration_data" in columns:
        columns["configuration"] = columns.pop("configuration_data")
    if "pointcut_data" in columns:
        rules = columns.pop("pointcut_data")
        columns["pointcut"] = rules and [
            {"methodRegex": rule["method_regex"], "uriTemplateRegex": rule["uri_template_regex"]}
            for rule in rules
        ]
    return columns
