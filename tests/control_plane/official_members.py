"""Members of the official answers that our control plane gives too, with their JSON types.

Written down from the response schemas and examples of the vendor's API Manager specification,
for the operation that each comment names. `None` in a type stands for a null that an example
shows, or for a fact that our object may lack.
"""

from types import NoneType, UnionType
from typing import Any, TypeAlias

Shape: TypeAlias = "type | UnionType | dict[str, Any] | list[Any]"
"""A JSON type, an object with members, or a list whose entries all have one shape."""

AUDIT: Shape = {"created": {"date": str}, "updated": dict}
OWNER: dict[str, Shape] = {"audit": AUDIT, "masterOrganizationId": str, "organizationId": str}
NO_DATES: Shape = {"created": dict, "updated": dict}

POINTCUT: Shape = [{"methodRegex": str, "uriTemplateRegex": str}]
IMPLEMENTATION: Shape = {
    "assetId": str,
    "groupId": str,
    "version": str,
    "technology": str,
    "minRuntimeVersion": str,
    "supportedJavaVersions": list,
}

# listOrganizationsEnvironmentsApisPolicies, getOrganizationsEnvironmentsApisPolicies
POLICY: dict[str, Shape] = {
    **OWNER,
    "id": int,
    "policyTemplateId": str,
    "configurationData": dict,
    "order": int,
    "disabled": bool,
    "pointcutData": POINTCUT,
    "groupId": str,
    "assetId": str,
    "assetVersion": str,
    "implementationAsset": IMPLEMENTATION,
    "type": str,
    "apiId": int,
}

# The same as live clients of the vendor's platform read it.
LIVE_POLICY: dict[str, Shape] = {
    "policyId": int,
    "policyTemplateId": str,
    "type": str,
    "order": int,
    "pointcutData": POINTCUT,
    "configuration": dict,
    "template": {"groupId": str, "assetId": str, "assetVersion": str},
    "implementationAsset": {"groupId": str, "assetId": str, "version": str, "technology": str},
}

# getOrganizationsAutomatedpolicies, and each entry of listOrganizationsAutomatedpolicies
AUTOMATED_POLICY: dict[str, Shape] = {
    "audit": AUDIT,
    "id": int,
    "ruleOfApplication": {
        "organizationId": str,
        "environmentId": str,
        "range": {"from": str, "to": str},
    },
    "policyTemplateId": str,
    "groupId": str,
    "assetId": str,
    "assetVersion": str,
    "configurationData": dict,
    "pointcutData": NoneType,
    "order": NoneType,
    "disabled": bool,
}

# getOrganizationsPolicytemplates, and each entry of listOrganizationsPolicytemplates
POLICY_TEMPLATE: dict[str, Shape] = {"id": str, "name": str}

# getOrganizationsEnvironmentsApisUpstreams, and each entry of the list
UPSTREAM: dict[str, Shape] = {"id": str, "label": str | None, "uri": str}

# The placeholder that the document has for several answers
MADE: dict[str, Shape] = {"id": str | int, "message": str}

# The tier of a contract, in the contracts' operations
TIER_OF_CONTRACT: dict[str, Shape] = {
    "audit": AUDIT,
    "id": int,
    "name": str,
    "description": str | None,
    "limits": [{"maximumRequests": int, "timePeriodInMilliseconds": int, "visible": bool}],
    "status": str,
    "autoApprove": bool,
}

# updateOrganizationsEnvironmentsApisTiers
TIER: dict[str, Shape] = {**OWNER, **TIER_OF_CONTRACT, "apiId": int}

# listOrganizationsEnvironmentsApisTiers and createOrganizationsEnvironmentsApisTiers
LISTED_TIER: dict[str, Shape] = {**TIER, "applicationCount": int}

# listOrganizationsEnvironmentsApisContracts, getOrganizationsEnvironmentsApisContracts
CONTRACT: dict[str, Shape] = {
    **OWNER,
    "id": int,
    "status": str,
    "approvedDate": str,
    "rejectedDate": str | None,
    "revokedDate": str | None,
    "applicationId": int,
    "application": {
        "audit": AUDIT,
        "id": int,
        "name": str,
        "description": str | None,
        "coreServicesId": str,
        "url": str | None,
    },
    "tierId": int,
    "tier": TIER_OF_CONTRACT,
    "requestedTierId": int | None,
    "requestedTier": dict | None,
    "terms": NoneType,
    "partyId": str | None,
    "partyName": str | None,
    "apiId": int,
    "api": {"audit": NO_DATES, "id": int},
}

# createOrganizationsEnvironmentsApisContracts, updateOrganizationsEnvironmentsApisContracts
MADE_CONTRACT: dict[str, Shape] = {
    **CONTRACT,
    "application": {
        "masterOrganizationId": str,
        "id": int,
        "name": str,
        "description": str | None,
        "coreServicesId": str,
        "url": str | None,
        "grantTypes": list,
        "redirectUri": list,
        "clientId": str,
        "clientSecret": str,
        "clientProvider": {"providerId": str | None},
        "owner": str,
        "email": str,
        "owners": list,
    },
    "requestAccessInfo": {"reason": str},
}

API: dict[str, Shape] = {
    **OWNER,
    "instanceLabel": str | None,
    "autodiscoveryInstanceName": str,
    "assetVersion": str,
    "productVersion": str,
    "description": str | None,
    "tags": list,
    "order": int,
    "deprecated": bool,
    "lastActiveDate": str | None,
    "endpointUri": str | None,
    "environmentId": str,
    "lastActiveDelta": int,
}

# listOrganizationsEnvironmentsApis
ASSET: dict[str, Shape] = {
    **OWNER,
    "id": int,
    "name": str,
    "groupId": str,
    "assetId": str,
    "apis": [{**API, "id": int, "pinned": bool, "activeContractsCount": int}],
    "totalApis": int,
}

ENDPOINT: dict[str, Shape] = {
    "audit": NO_DATES,
    "id": int,
    "type": str,
    "uri": str,
    "proxyUri": str,
    "proxyRegistrationUri": str | None,
    "lastActiveDate": str | None,
    "isCloudHub": bool | None,
    "deploymentType": str,
    "policiesVersion": str,
    "referencesUserDomain": bool | None,
    "responseTimeout": int | None,
}

# getOrganizationsEnvironmentsApis
READ_API: dict[str, Shape] = {
    **API,
    "apiId": int,
    "endpoint": {**ENDPOINT, "validation": str},
    "deployment": dict,
}

# createOrganizationsEnvironmentsApis
MADE_API: dict[str, Shape] = {
    **OWNER,
    "environmentId": str,
    "autodiscoveryInstanceName": str,
    "apiId": int,
    "assetVersion": str,
    "productVersion": str,
    "providerId": str | None,
    "instanceLabel": str | None,
    "description": str | None,
    "tags": list,
    "order": int,
    "endpointUri": str | None,
    "lastActiveDelta": int,
}

# patchOrganizationsEnvironmentsApis
CHANGED_API: dict[str, Shape] = {
    **OWNER,
    "id": int,
    "environmentId": str,
    "autodiscoveryInstanceName": str,
    "instanceLabel": str | None,
    "pinned": bool,
    "order": int,
    "description": str | None,
    "endpoint": {**ENDPOINT, "masterOrganizationId": str, "organizationId": str, "apiId": int},
}

# listOrganizationsEnvironmentsApisAlerts, createOrganizationsEnvironmentsApisAlerts (both a list),
# getOrganizationsEnvironmentsApisAlerts, updateOrganizationsEnvironmentsApisAlerts
ALERT: dict[str, Shape] = {
    "apiAlertsVersion": str,
    "api": {"id": int, "name": str},
    "condition": {
        "aggregate": str,
        "operator": str,
        "value": int | float,
        "resourceType": str,
    },
    "createdAt": int,
    "enabled": bool,
    "environmentId": str,
    "id": str,
    "lastModified": int,
    "name": str,
    "organizationId": str,
    "period": {"repeat": int, "duration": {"count": int, "weight": str}},
    "recipients": [{"type": str, "value": str, "lastName": str, "firstName": str}],
    "severity": str,
    "type": str,
}
