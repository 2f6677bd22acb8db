"""Automated policies: what an environment applies to every API instance."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field
from sqlalchemy.orm import Session

from control_plane.accounts.roles import Permission
from control_plane.errors import Forbidden
from control_plane.management import automated_policies
from control_plane.management.policies import VENDOR_GROUP_ID
from control_plane.protocol.bodies import Body, Name, RowId
from control_plane.protocol.described import answers, refuses
from control_plane.protocol.documents import automated_policy_document
from control_plane.protocol.policies import AllowUnknown, with_warnings
from control_plane.protocol.policy_bodies import (
    UNUSED,
    Configuration,
    Order,
    Pointcut,
    TemplateId,
    policy_columns,
)
from control_plane.protocol.revision import name_revision
from control_plane.protocol.scope import OrganizationReader, OrganizationScope, SomeApisWriter
from control_plane.protocol.secrecy import policy_for_caller
from control_plane.protocol.shapes import policies as shapes
from control_plane.protocol.writing import answer, in_turn

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

    ignored = UNUSED

    rule_of_application: Rule
    asset_id: Name
    asset_version: Name
    group_id: Name = VENDOR_GROUP_ID
    policy_template_id: TemplateId | None = None
    configuration_data: Configuration
    pointcut_data: Pointcut | None = None
    order: Order | None = None
    disabled: bool = False


class AutomatedPolicyChange(Body):
    """What may change. The official PATCH sends the whole policy; a part is enough here."""

    ignored = UNUSED

    asset_id: Name = ""
    group_id: Name = ""
    policy_template_id: TemplateId | None = None
    rule_of_application: Rule | None = None
    asset_version: Name = ""
    configuration_data: Configuration = Field(default_factory=dict)
    pointcut_data: Pointcut | None = None
    order: Order | None = None
    disabled: bool = False


def _columns(
    body: NewAutomatedPolicy | AutomatedPolicyChange, scope: OrganizationScope
) -> dict[str, Any]:
    columns = policy_columns(body)
    columns.pop("rule_of_application", None)
    rule = body.rule_of_application
    if rule is not None:
        columns["environment_id"] = rule.environment_id
        document = rule.model_dump(by_alias=True, exclude_none=True)
        columns["rule_of_application"] = {**document, "organizationId": scope.organization_id}
    return columns


def _require(
    scope: OrganizationScope, session: Session, permission: Permission, environment_id: str
) -> None:
    """Raise NotFound or Forbidden unless the caller may do this in the environment."""
    scope.caller.require_environment(environment_id, session)
    scope.caller.require(permission, environment_id)


@router.get("")
@answers(shapes.AutomatedPolicies)
@refuses(Forbidden)
def all_of_environment(
    response: Response,
    scope: OrganizationReader,
    environment_id: Annotated[str, Query(alias="environmentId", min_length=1)],
) -> dict[str, Any]:
    """The environment's automated policies in their order; those without one come last."""
    with scope.reading() as session:
        name_revision(response, session)
        _require(scope, session, Permission.APIS_READ, environment_id)
        rows = automated_policies.of_environment(session, environment_id)
        documents = [automated_policy_document(policy) for policy in rows]
    found = [policy_for_caller(scope, environment_id, document) for document in documents]
    return {"automatedPolicies": found, "total": len(found)}


@router.post("", status_code=201)
@answers(shapes.AutomatedPolicy)
@in_turn
def create(
    scope: SomeApisWriter, body: NewAutomatedPolicy, *, allow_unknown: AllowUnknown = False
) -> Response:
    """Apply a policy to every API instance of an environment."""
    columns = {"group_id": body.group_id, "disabled": body.disabled, **_columns(body, scope)}
    checks = scope.services.policy_checks
    with scope.writing() as transaction:
        _require(scope, transaction.session, Permission.APIS_WRITE, columns["environment_id"])
        policy = automated_policies.apply(transaction, columns, checks, allow_unknown=allow_unknown)
        document = with_warnings(automated_policy_document(policy), checks.warnings(policy))
        return answer(document, HTTPStatus.CREATED)


@router.get("/{policy_id}")
@answers(shapes.AutomatedPolicy)
@refuses(Forbidden)
def get(scope: OrganizationReader, policy_id: RowId) -> dict[str, Any]:
    """One automated policy."""
    with scope.reading() as session:
        policy = automated_policies.get(session, scope.organization_id, policy_id)
        _require(scope, session, Permission.APIS_READ, policy.environment_id)
        return policy_for_caller(scope, policy.environment_id, automated_policy_document(policy))


@router.patch("/{policy_id}")
@answers(shapes.AutomatedPolicy)
@in_turn
def change(
    scope: SomeApisWriter,
    policy_id: RowId,
    body: AutomatedPolicyChange,
    *,
    allow_unknown: AllowUnknown = False,
) -> Response:
    """Change the fields that are given."""
    columns, checks = _columns(body, scope), scope.services.policy_checks
    with scope.writing() as transaction:
        session = transaction.session
        policy = automated_policies.get(session, scope.organization_id, policy_id)
        _require(scope, session, Permission.APIS_WRITE, policy.environment_id)
        if "environment_id" in columns:
            _require(scope, session, Permission.APIS_WRITE, columns["environment_id"])
        automated_policies.change(transaction, policy, columns, checks, allow_unknown=allow_unknown)
        return answer(with_warnings(automated_policy_document(policy), checks.warnings(policy)))


@router.delete("/{policy_id}", status_code=204)
@in_turn
def delete(scope: SomeApisWriter, policy_id: RowId) -> None:
    """Remove an automated policy from its environment."""
    with scope.writing() as transaction:
        session = transaction.session
        policy = automated_policies.get(session, scope.organization_id, policy_id)
        _require(scope, session, Permission.APIS_WRITE, policy.environment_id)
        automated_policies.delete(transaction, policy)
