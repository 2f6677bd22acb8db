"""Contracts, SLA tiers, client applications and the contract feed."""

from datetime import datetime
from typing import NotRequired

from typing_extensions import TypedDict

from control_plane.protocol.shapes.parts import Audit, Kept, Owned


class TierLimit(TypedDict):
    """How many requests an application may make in a period."""

    maximumRequests: int
    timePeriodInMilliseconds: int
    visible: bool


class TierOfContract(TypedDict):
    """A tier as contracts show it."""

    audit: Audit
    id: int
    name: str
    description: str | None
    limits: list[TierLimit]
    status: str
    autoApprove: bool
    apiId: int


class Tier(TierOfContract):
    """An SLA tier. The answer to a change may have warnings."""

    masterOrganizationId: str
    organizationId: str
    applicationCount: int
    warnings: NotRequired[list[str]]


class Tiers(TypedDict):
    """A page of SLA tiers."""

    total: int
    tiers: list[Tier]


class ClientProvider(TypedDict):
    """The identity provider that an application was imported from."""

    providerId: str | None


class Application(TypedDict):
    """A client application, without its secret."""

    audit: Audit
    masterOrganizationId: str
    id: int
    name: str
    description: str | None
    coreServicesId: str
    url: str | None
    grantTypes: list[str]
    apiEndpoints: bool
    redirectUri: list[str]
    clientId: str
    clientProvider: ClientProvider
    owners: list[Kept]


class NewApplicationAnswer(Application):
    """A new client application. No other answer has its secret."""

    clientSecret: str


class ImportedApplicationAnswer(TypedDict):
    """The id of an imported application."""

    id: int
    message: str


class NewSecret(TypedDict):
    """The new secret of an application. No other answer has it."""

    clientId: str
    clientSecret: str


class Applications(TypedDict):
    """A page of client applications."""

    total: int
    applications: list[Application]


class Reason(TypedDict):
    """Why an application asks for access."""

    reason: str


class ContractWithoutApi(Owned):
    """What all forms of a contract have."""

    id: int
    status: str
    approvedDate: datetime | None
    rejectedDate: datetime | None
    revokedDate: datetime | None
    applicationId: int
    application: Application
    tierId: int | None
    tier: TierOfContract | None
    requestedTierId: int | None
    requestedTier: TierOfContract | None
    acceptedTerms: bool
    terms: None
    partyId: str | None
    partyName: str | None
    requestAccessInfo: Reason | None
    apiId: int
    warnings: NotRequired[list[str]]


class ApiOfContract(TypedDict):
    """The API instance of a contract."""

    audit: Audit
    id: int


class Contract(ContractWithoutApi):
    """A contract. The answer to a change may have warnings."""

    api: ApiOfContract


class Contracts(TypedDict):
    """A page of contracts."""

    total: int
    contracts: list[Contract]


class ContractOfApplication(ContractWithoutApi):
    """A contract among those of its application."""

    clientId: str
    api: Kept
    apiVersion: Kept
    groupInstance: None


class Links(TypedDict):
    """Where a page of the contract feed is, and where the next one will be."""

    self: str
    next: str


class FeedEntry(TypedDict):
    """A contract as gateways read it. If it is removed, only its ids and dates say something."""

    organizationId: str
    contractId: int
    apiId: int
    versionId: int
    slaTierId: int | None
    clientId: str
    clientSecret: str | None
    clientSecretSalt: str | None
    previousClientSecret: NotRequired[str | None]
    contractUpdatedDate: datetime
    redirectUris: list[str]
    clientName: str | None
    clientDescription: str | None
    clientUpdatedDate: datetime | None
    updatedDate: datetime
    removed: bool | None


class FeedPage(TypedDict):
    """A page of the contract feed. It is empty if there are no more changes for now."""

    links: Links
    data: list[FeedEntry]
