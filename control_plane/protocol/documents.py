"""Rows as the documents of the official protocol show them."""

from datetime import datetime
from typing import Any

from control_plane.clock import iso
from control_plane.management.policies import VENDOR_GROUP_ID
from control_plane.store.tables import (
    AutomatedPolicy,
    ClientApplication,
    Contract,
    Policy,
    SlaTier,
)


def audit_document(created_at: datetime, updated_at: datetime | None = None) -> dict[str, Any]:
    """When a thing was made and changed."""
    return {
        "created": {"date": iso(created_at)},
        "updated": {} if updated_at is None else {"date": iso(updated_at)},
    }


def policy_document(policy: Policy) -> dict[str, Any]:
    """A policy by itself and in the default list."""
    template = {"groupId": policy.group_id, "assetId": policy.asset_id}
    return {
        **policy_without_template(policy),
        "template": {**template, "assetVersion": policy.asset_version},
        "implementationAsset": {
            **template,
            "version": policy.asset_version,
            "technology": policy.api.technology,
        },
    }


def policy_without_template(policy: Policy) -> dict[str, Any]:
    """A policy in the list without full information."""
    return {
        "audit": audit_document(policy.created_at, policy.updated_at),
        "masterOrganizationId": policy.api.organization_id,
        "organizationId": policy.api.organization_id,
        "id": policy.id,
        "policyId": policy.id,
        "policyTemplateId": policy.policy_template_id,
        "configurationData": policy.configuration,
        "configuration": policy.configuration,
        "order": policy.order,
        "disabled": policy.disabled,
        "pointcutData": policy.pointcut,
        "groupId": policy.group_id,
        "assetId": policy.asset_id,
        "assetVersion": policy.asset_version,
        "type": "system" if policy.group_id == VENDOR_GROUP_ID else "custom",
        "apiId": policy.api_id,
        "label": policy.label,
        "upstreamIds": policy.upstream_ids or [],
    }


def automated_policy_document(policy: AutomatedPolicy) -> dict[str, Any]:
    """An automated policy, with an implementation asset for each technology of its rule."""
    return {
        "audit": audit_document(policy.created_at, policy.updated_at),
        "id": policy.id,
        "ruleOfApplication": policy.rule_of_application,
        "policyTemplateId": policy.policy_template_id,
        "groupId": policy.group_id,
        "assetId": policy.asset_id,
        "assetVersion": policy.asset_version,
        "configurationData": policy.configuration,
        "pointcutData": policy.pointcut,
        "order": policy.order,
        "disabled": policy.disabled,
        "implementationAssets": [
            {
                "groupId": policy.group_id,
                "assetId": policy.asset_id,
                "version": policy.asset_version,
                "technology": technology,
            }
            for technology in _technologies(policy.rule_of_application)
        ],
    }


def _technologies(rule: Any) -> list[str]:
    """What the rule names, or our gateways. The rule of a damaged row may be of any type."""
    named = rule.get("technologies") if isinstance(rule, dict) else None
    return named if isinstance(named, list) else ["flexGateway"]


def tier_document(tier: SlaTier) -> dict[str, Any]:
    """An SLA tier, as contracts show it."""
    return {
        "audit": audit_document(tier.created_at, tier.updated_at),
        "id": tier.id,
        "name": tier.name,
        "description": tier.description,
        "limits": tier.limits,
        "status": tier.status,
        "autoApprove": tier.auto_approve,
        "apiId": tier.api_id,
    }


def application_document(application: ClientApplication) -> dict[str, Any]:
    """A client application, without its secret."""
    return {
        "audit": audit_document(application.created_at, application.updated_at),
        "masterOrganizationId": application.organization_id,
        "id": application.id,
        "name": application.name,
        "description": application.description,
        "coreServicesId": application.client_id,
        "url": application.url,
        "grantTypes": application.grant_types or [],
        "apiEndpoints": bool(application.api_endpoints),
        "redirectUri": application.redirect_uris,
        "clientId": application.client_id,
        "clientProvider": {"providerId": application.provider_id},
        "owners": [],
    }


def contract_document(contract: Contract) -> dict[str, Any]:
    """A contract with its application and its tiers."""
    organization_id = contract.application.organization_id
    return {
        "audit": audit_document(contract.created_at, contract.updated_at),
        "masterOrganizationId": organization_id,
        "organizationId": organization_id,
        "id": contract.id,
        "status": contract.status,
        "approvedDate": iso(contract.approved_at),
        "rejectedDate": iso(contract.rejected_at),
        "revokedDate": iso(contract.revoked_at),
        "applicationId": contract.application_id,
        "application": application_document(contract.application),
        "tierId": contract.tier_id,
        "tier": contract.tier and tier_document(contract.tier),
        "requestedTierId": contract.requested_tier_id,
        "requestedTier": contract.requested_tier and tier_document(contract.requested_tier),
        "acceptedTerms": contract.accepted_terms,
        "terms": None,
        "partyId": contract.party_id,
        "partyName": contract.party_name,
        "requestAccessInfo": contract.reason and {"reason": contract.reason},
        "apiId": contract.api_id,
        "api": {"audit": {"created": {}, "updated": {}}, "id": contract.api_id},
    }
