"""The document of an environment file, as clients send it (docs/environment-file.md)."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from control_plane.management.environment_file.content import (
    Api,
    Application,
    Content,
    Contract,
    Policy,
    Tier,
)
from control_plane.management.masked_secrets import MASK
from control_plane.management.policies import MAX_POLICIES, VENDOR_GROUP_ID
from control_plane.management.policy_types import POLICY_VERSION
from control_plane.management.texts import one_line
from control_plane.protocol.api_bodies import (
    Address,
    Endpoint,
    Kept,
    Label,
    OptionalAddress,
    OptionalLabel,
    Tags,
    Technology,
)
from control_plane.protocol.automated_policies import VersionRange
from control_plane.protocol.bodies import Body, Id, Name, Prose, Uri
from control_plane.protocol.contracts import Status as ContractStatus
from control_plane.protocol.policy_bodies import Configuration, Pointcut, TemplateId
from control_plane.protocol.tiers import Limits
from control_plane.protocol.tiers import Status as TierStatus

ClientId = Annotated[str, Field(max_length=256, pattern=r"^[a-zA-Z0-9\-_.~]+$")]


def _is_no_mask(secret: str) -> str:
    if secret == MASK:
        raise ValueError(f"{MASK} is no secret; leave clientSecret out to keep the stored one")
    return secret


ClientSecret = Annotated[
    str,
    Field(min_length=1, max_length=256),
    AfterValidator(one_line),
    AfterValidator(_is_no_mask),
]


class PolicyItem(Body):
    """What all policies have."""

    id: Id | None = None
    asset_id: Name
    group_id: Name = VENDOR_GROUP_ID
    asset_version: Name = POLICY_VERSION
    policy_template_id: TemplateId | None = None
    configuration_data: Configuration = Field(default_factory=dict)
    pointcut_data: Pointcut | None = None
    disabled: bool = False

    def content(self) -> Policy:
        """The policy, by the names of columns."""
        columns = self.model_dump(exclude={"id"})
        columns["configuration"] = columns.pop("configuration_data")
        rules = columns.pop("pointcut_data")
        columns["pointcut"] = rules and [
            {"methodRegex": rule["method_regex"], "uriTemplateRegex": rule["uri_template_regex"]}
            for rule in rules
        ]
        return Policy(columns | {"pointcut": columns["pointcut"] or None}, self.id)


class RuleItem(Body):
    """For which gateways an automated policy is."""

    technologies: list[Literal["mule4", "flexGateway"]] | None = None
    range: VersionRange | None = None


class OwnPolicyItem(PolicyItem):
    """A policy of an API instance."""

    label: OptionalLabel | None = None


class AutomatedPolicyItem(PolicyItem):
    """An automated policy."""

    rule_of_application: RuleItem = Field(default_factory=RuleItem)

    def content(self) -> Policy:
        """The policy, by the names of columns."""
        rule = self.rule_of_application.model_dump(by_alias=True, exclude_none=True)
        policy = super().content()
        return Policy({**policy.columns, "rule_of_application": rule}, self.id)


class TierItem(Body):
    """An SLA tier."""

    name: Name
    description: Prose | None = None
    status: TierStatus = "ACTIVE"
    auto_approve: bool = False
    limits: Limits

    def content(self) -> Tier:
        """The tier, by the names of columns."""
        limits = [limit.model_dump(by_alias=True) for limit in self.limits]
        return Tier({**dict(self), "limits": limits})


class ContractItem(Body):
    """A contract, which names its application in one of two ways."""

    application: Name | None = None
    client_id: ClientId | None = None
    tier: Name | None = None
    requested_tier: Name | None = None
    status: ContractStatus = "APPROVED"

    @model_validator(mode="after")
    def _has_one_application(self) -> Self:
        if (self.application is None) == (self.client_id is None):
            raise ValueError("needs either application or clientId")
        return self

    def content(self) -> Contract:
        """The contract."""
        return Contract(**dict(self))


class ApplicationItem(Body):
    """A client application."""

    name: Name
    client_id: ClientId | None = None
    client_secret: ClientSecret | None = Field(default=None, repr=False)
    description: Prose | None = None
    url: Uri | None = None
    redirect_uri: Annotated[list[Uri], Field(max_length=50)] = Field(default_factory=list)
    grant_types: Annotated[list[Name], Field(max_length=50)] | None = None
    api_endpoints: bool | None = None
    owner: Name | None = None
    provider_id: Label | None = None

    def content(self) -> Application:
        """The application, by the names of columns."""
        columns = self.model_dump(exclude={"client_id", "client_secret"})
        columns["redirect_uris"] = columns.pop("redirect_uri")
        return Application(columns, self.client_id, self.client_secret)


class UpstreamItem(Body):
    """An upstream in a route."""

    uri: Address
    label: OptionalLabel | None = None
    tls_context: Kept | None = None
    weight: Annotated[int, Field(ge=0, le=100)] = 100


class RouteItem(Body):
    """Which requests go to which upstreams."""

    label: OptionalLabel | None = None
    rules: Kept | None = None
    upstreams: Annotated[list[UpstreamItem], Field(max_length=100)] = Field(default_factory=list)


class ApiItem(Body):
    """An API instance with its policies, tiers and contracts."""

    id: Id | None = None
    group_id: Name
    asset_id: Name
    asset_version: Name
    instance_label: Label | None = None
    description: Prose | None = None
    tags: Tags = Field(default_factory=list)
    deprecated: bool = False
    technology: Technology = "flexGateway"
    provider_id: Label | None = None
    endpoint: Endpoint | None = None
    endpoint_uri: OptionalAddress | None = None
    approval_method: Label | None = None
    deployment: Kept | None = None
    routing: Annotated[list[RouteItem], Field(max_length=100)] | None = None
    policies: Annotated[list[OwnPolicyItem], Field(max_length=MAX_POLICIES)] = Field(
        default_factory=list
    )
    tiers: list[TierItem] = Field(default_factory=list)
    contracts: list[ContractItem] = Field(default_factory=list)

    def content(self) -> Api:
        """The API instance, by the names of columns."""
        others = {"id", "group_id", "asset_id", "policies", "tiers", "contracts"}
        return Api(
            self.group_id,
            self.asset_id,
            self.model_dump(exclude=others),
            [policy.content() for policy in self.policies],
            [tier.content() for tier in self.tiers],
            [contract.content() for contract in self.contracts],
            self.id,
        )


class EnvironmentFile(Body):
    """A whole file."""

    version: Literal[1]
    apis: list[ApiItem] = Field(default_factory=list)
    applications: list[ApplicationItem] = Field(default_factory=list)
    automated_policies: Annotated[list[AutomatedPolicyItem], Field(max_length=MAX_POLICIES)] = (
        Field(default_factory=list)
    )

    def content(self) -> Content:
        """What the file says, in the form that is compared with the database."""
        return Content(
            [api.content() for api in self.apis],
            [application.content() for application in self.applications],
            [policy.content() for policy in self.automated_policies],
        )
