"""Policies, automated policies and policy templates."""

from typing import NotRequired

from pydantic import with_config
from typing_extensions import TypedDict

from control_plane.protocol.shapes.parts import Audit, Kept, Owned


class PointcutOfPolicy(TypedDict):
    """Methods and paths that a policy is for."""

    methodRegex: str
    uriTemplateRegex: str


class PolicyWithoutTemplate(Owned):
    """A policy in the list with `fullInfo=false`."""

    id: int
    policyId: int
    policyTemplateId: str | None
    configurationData: Kept
    configuration: Kept
    order: int
    disabled: bool
    pointcutData: list[PointcutOfPolicy] | None
    groupId: str
    assetId: str
    assetVersion: str
    type: str
    apiId: int
    label: str | None
    upstreamIds: list[str]


class Template(TypedDict):
    """The type of a policy."""

    groupId: str
    assetId: str
    assetVersion: str


class ImplementationAsset(TypedDict):
    """What implements a policy, for one technology."""

    groupId: str
    assetId: str
    version: str
    technology: str


class Policy(PolicyWithoutTemplate):
    """A policy. The answer to a change may have warnings."""

    template: Template
    implementationAsset: ImplementationAsset
    warnings: NotRequired[list[str]]


class PoliciesWithTemplates(TypedDict):
    """The active policies of an API instance, in their order."""

    policies: list[Policy]


Policies = PoliciesWithTemplates | list[PolicyWithoutTemplate]


class AutomatedPolicy(TypedDict):
    """An automated policy. The answer to a change may have warnings."""

    audit: Audit
    id: int
    ruleOfApplication: Kept
    policyTemplateId: str | None
    groupId: str
    assetId: str
    assetVersion: str
    configurationData: Kept
    pointcutData: list[PointcutOfPolicy] | None
    order: int | None
    disabled: bool
    implementationAssets: list[ImplementationAsset]
    warnings: NotRequired[list[str]]


class AutomatedPolicies(TypedDict):
    """The automated policies of an environment, in their order."""

    automatedPolicies: list[AutomatedPolicy]
    total: int


class PolicyTemplate(TypedDict):
    """A policy type, with the JSON Schema of its configuration."""

    id: str
    name: str
    description: str
    category: str | None
    type: str
    groupId: str
    assetId: str
    assetVersion: str
    configuration: list[Kept]
    configurationSchema: Kept


class ExchangeAsset(TypedDict):
    """A policy type as an asset of Exchange."""

    groupId: str
    assetId: str
    version: str
    name: str
    description: str
    type: str
    status: str
    files: list[Kept]


class ExchangeTemplate(TypedDict):
    """A policy type as the vendor's tools read it from Exchange, where ids are numbers."""

    id: int
    groupId: str
    assetId: str
    version: str
    name: str
    description: str
    type: str
    isOOTB: bool
    stage: str
    status: str
    orgId: str
    applicable: bool
    configuration: list[Kept]
    allVersions: list[Kept]


@with_config(extra="allow")
class GraphqlAnswer(TypedDict):
    """An answer of GraphQL: `data`, and `errors` if the question is not answered here."""

    data: Kept | None
