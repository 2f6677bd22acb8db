"""API instances, their assets and their upstreams."""

from typing_extensions import TypedDict

from control_plane.protocol.shapes.parts import Audit, Kept, Owned


class ApiInstance(Owned):
    """An API instance."""

    environmentId: str
    id: int
    apiId: int
    groupId: str
    assetId: str
    assetVersion: str
    productVersion: str
    instanceLabel: str | None
    autodiscoveryInstanceName: str
    description: str | None
    tags: list[str]
    order: int
    pinned: bool
    deprecated: bool
    technology: str
    providerId: str | None
    endpointUri: str | None
    endpoint: Kept
    approvalMethod: str | None
    routing: list[Kept]
    deployment: Kept | None
    lastActiveDate: None


class ListedApi(ApiInstance):
    """An API instance in a list."""

    activeContractsCount: int


class Asset(Owned):
    """An asset with its API instances that match."""

    id: int
    name: str
    exchangeAssetName: str
    groupId: str
    assetId: str
    apis: list[ListedApi]
    totalApis: int


class Assets(TypedDict):
    """A page of assets."""

    total: int
    assets: list[Asset]


class AssetName(TypedDict):
    """The asset of an API instance."""

    name: str
    exchangeAssetName: str
    groupId: str
    assetId: str


class Instance(ListedApi):
    """An API instance with its asset."""

    asset: AssetName


class Instances(TypedDict):
    """A page of API instances."""

    total: int
    instances: list[Instance]


class Upstream(TypedDict):
    """An upstream."""

    audit: Audit
    id: str
    label: str | None
    uri: str | None
    tlsContext: Kept | None


class Upstreams(TypedDict):
    """The upstreams of an API instance."""

    total: int
    upstreams: list[Upstream]


class AutodiscoveryProperties(TypedDict):
    """What a gateway names to find an API instance."""

    apiId: int
    apiName: str
    apiVersion: str
