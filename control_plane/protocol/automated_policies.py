"""Automated policies: what an environment applies to every API instance."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from control_plane.errors import BadRequest
from control_plane.protocol.policies import (
    MAX_POLICIES,
    VENDOR_GROUP_ID,
    Order,
    Pointcut,
    TemplateId,
    policy_columns,
)
from control_plane.protocol.scope import (
    Body,
    Name,
    OrganizationAdmin,
    OrganizationReader,
    OrganizationScope,
    RowId,
    audit,
    not_found,
)
from control_plane.protocol.writing import answer, in_turn
from control_plane.store.json_values import JsonObject
from control_plane.store.tables import AutomatedPolicy

router = APIRouter(prefix="/apimanager/api/v1/organizations/{organization_id}/automated-policies")


class VersionRange(Body):
    """Gateway versions; kept and shown, since a gateway of ours has none."""

    from_: Annotated[str, Field(alias="from", max_length=50)]
    to: Annotated[str, Field(max_length=50)] | None = None


class Rule(Body):
    """Where an automated policy applies."""

    environment_id: Name
    organization_id: Name | None = None
    technologies: list[Literal["mule4", "flexGateway"]] | None = None
    range: VersionRange | None = None


class NewAutomatedPolicy(Body):
    """An automated policy to apply."""

    rule_of_application: Rule
    asset_id: Name
    asset_version: Name
    group_id: Name = VENDOR_GROUP_ID
    policy_template_id: TemplateId | None = None
    configuration_data: JsonObject
    pointcut_data: Pointcut | None = None
    order: Order | None = None
    disabled: bool = False


class AutomatedPolicyChange(Body):
    """What may change. The official PATCH sends the whole policy; a part is enough here."""

    rule_of_application: Rule | None = None
    asset_version: Name = ""
    configuration_data: JsonObject = Field(default_factory=dict)
    pointcut_data: Pointcut | None = None
    order: Order | None = None
    disabled: bool = False


def _document(policy: AutomatedPolicy) -> dict[str, Any]:
    return {
        "audit": audit(policy.created_at, policy.updated_at),
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
    """What the rule names, or our gateways. A damaged row's rule must not spoil the whole list."""
    named = rule.get("technologies") if isinstance(rule, dict) else None
    return named if isinstance(named, list) else ["flexGateway"]


@router.get("")
def all_of_environment(
    scope: OrganizationReader,
    environment_id: Annotated[str, Query(alias="environmentId", min_length=1)],
) -> dict[str, Any]:
    """The environment's automated policies in their order; those without one come last."""
    query = (
        select(AutomatedPolicy)
        .where(AutomatedPolicy.environment_id == environment_id)
        .order_by(AutomatedPolicy.order.asc().nulls_last(), AutomatedPolicy.id)
    )
    with scope.services.database.read() as session:
        scope.caller.require_environment(environment_id, session)
        found = [_document(policy) for policy in session.scalars(query)]
    return {"automatedPolicies": found, "total": len(found)}


@router.post("", status_code=201)
@in_turn
def create(scope: OrganizationAdmin, body: NewAutomatedPolicy) -> Response:
    """Apply a policy to every API instance of an environment."""
    environment_id = body.rule_of_application.environment_id
    with scope.services.database.write() as session:
        scope.caller.require_environment(environment_id, session)
        _require_room(session, environment_id)
        policy = AutomatedPolicy(
            organization_id=scope.organization_id,
            environment_id=environment_id,
            created_at=scope.now(),
            rule_of_application=_rule_document(body.rule_of_application, scope),
            **{
                "group_id": body.group_id,
                "disabled": body.disabled,
                **_columns(body),
            },
        )
        session.add(policy)
        session.flush()
        return answer(_document(policy), HTTPStatus.CREATED)


def _require_room(session: Session, environment_id: str) -> None:
    query = select(func.count()).where(AutomatedPolicy.environment_id == environment_id)
    if (session.scalar(query) or 0) >= MAX_POLICIES:
        raise BadRequest(f"the environment has {MAX_POLICIES} automated policies already")


def _rule_document(rule: Rule, scope: OrganizationScope) -> dict[str, Any]:
    sent = rule.model_dump(by_alias=True, exclude_none=True)
    return {**sent, "organizationId": scope.organization_id}


def _columns(body: NewAutomatedPolicy | AutomatedPolicyChange) -> dict[str, Any]:
    columns = policy_columns(body)
    columns.pop("rule_of_application", None)
    return columns


@router.get("/{policy_id}")
def get(scope: OrganizationReader, policy_id: RowId) -> dict[str, Any]:
    """One automated policy."""
    with scope.services.database.read() as session:
        return _document(_policy(session, scope, policy_id))


def _policy(session: Session, scope: OrganizationScope, policy_id: int) -> AutomatedPolicy:
    policy = session.get(AutomatedPolicy, policy_id)
    if policy is None or policy.organization_id != scope.organization_id:
        raise not_found("automated policy", policy_id)
    scope.caller.require_environment(policy.environment_id, session)
    return policy


@router.patch("/{policy_id}")
@in_turn
def change(scope: OrganizationAdmin, policy_id: RowId, body: AutomatedPolicyChange) -> Response:
    """Change the fields that are given."""
    with scope.services.database.write() as session:
        policy = _policy(session, scope, policy_id)
        if body.rule_of_application is not None:
            environment_id = body.rule_of_application.environment_id
            scope.caller.require_environment(environment_id, session)
            policy.environment_id = environment_id
            policy.rule_of_application = _rule_document(body.rule_of_application, scope)
        for name, value in _columns(body).items():
            setattr(policy, name, value)
        policy.updated_at = scope.now()
        return answer(_document(policy))


@router.delete("/{policy_id}", status_code=204)
@in_turn
def delete(scope: OrganizationAdmin, policy_id: RowId) -> None:
    """Take an automated policy off its environment."""
    with scope.services.database.write() as session:
        session.delete(_policy(session, scope, policy_id))
