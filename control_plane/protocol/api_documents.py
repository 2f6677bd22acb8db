"""API instances, their assets and their upstreams as the official protocol shows them."""

from typing import Any, Final

from control_plane.management.api_search import instance_name, product_version
from control_plane.protocol.documents import audit_document
from control_plane.store.tables import ApiInstance, Asset, Upstream

_ENDPOINT: Final[dict[str, Any]] = {
    "type": None,
    "uri": None,
    "proxyUri": None,
    "proxyRegistrationUri": None,
    "isCloudHub": None,
    "deploymentType": "HY",
    "referencesUserDomain": None,
    "responseTimeout": None,
}
"""What an endpoint shows of what no client has sent. The vendor's command line reads these members,
and `HY` says that gateways run on machines of the customer."""


def api_document(api: ApiInstance) -> dict[str, Any]:
    """An API instance; `id` and `apiId` are the same."""
    return {
        "audit": audit_document(api.created_at, api.updated_at),
        "masterOrganizationId": api.organization_id,
        "organizationId": api.organization_id,
        "environmentId": api.environment_id,
        "id": api.id,
        "apiId": api.id,
        "groupId": api.asset.group_id,
        "assetId": api.asset.asset_id,
        "assetVersion": api.asset_version,
        "productVersion": product_version(api.asset_version),
        "instanceLabel": api.instance_label,
        "autodiscoveryInstanceName": instance_name(api),
        "description": api.description,
        "tags": api.tags,
        "order": 1,
        "pinned": False,
        "deprecated": api.deprecated,
        "technology": api.technology,
        "providerId": api.provider_id,
        "endpointUri": api.endpoint_uri,
        "endpoint": _endpoint_document(api.endpoint),
        "approvalMethod": api.approval_method,
        "routing": _routing_document(api),
        "deployment": api.deployment,
        "lastActiveDate": None,
    }


def _endpoint_document(endpoint: Any) -> Any:
    """The endpoint with all members that clients read. One that can't be read stays as it is."""
    if isinstance(endpoint, str):
        return endpoint
    return {**_ENDPOINT, **(endpoint or {})}


def _routing_document(api: ApiInstance) -> Any:
    """The routes, whose upstreams are shown in full."""
    if not api.routing or isinstance(api.routing, str):
        return api.routing or []
    known = {upstream.uid: upstream for upstream in api.upstreams}
    return [
        route
        | {
            "upstreams": [
                _members(known[named["id"]]) | named
                for named in route["upstreams"]
                if named["id"] in known
            ]
        }
        for route in api.routing
    ]


def _members(upstream: Upstream) -> dict[str, Any]:
    return {
        "id": upstream.uid,
        "label": upstream.label,
        "uri": upstream.uri,
        "tlsContext": upstream.tls_context,
    }


def upstream_document(upstream: Upstream) -> dict[str, Any]:
    """An upstream by itself."""
    return {"audit": audit_document(upstream.created_at, upstream.updated_at)} | _members(upstream)


def asset_document(
    asset: Asset, apis: list[ApiInstance], contracts: dict[int, int]
) -> dict[str, Any]:
    """An asset with some of its API instances; `contracts` counts the approved ones of each."""
    organization_id = apis[0].organization_id
    return {
        "audit": audit_document(asset.created_at),
        "masterOrganizationId": organization_id,
        "organizationId": organization_id,
        "id": asset.id,
        "name": asset.asset_id,
        "exchangeAssetName": asset.asset_id,
        "groupId": asset.group_id,
        "assetId": asset.asset_id,
        "apis": [_listed(api, contracts) for api in apis],
        "totalApis": len(apis),
    }


def _listed(api: ApiInstance, contracts: dict[int, int]) -> dict[str, Any]:
    return {**api_document(api), "activeContractsCount": contracts.get(api.id, 0)}


def instance_document(api: ApiInstance, contracts: dict[int, int]) -> dict[str, Any]:
    """An API instance in a list that is not grouped by assets, with its asset inside."""
    asset = {
        "name": api.asset.asset_id,
        "exchangeAssetName": api.asset.asset_id,
        "groupId": api.asset.group_id,
        "assetId": api.asset.asset_id,
    }
    return {**_listed(api, contracts), "asset": asset}
