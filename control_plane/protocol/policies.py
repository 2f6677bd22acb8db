"""Policies of one API instance.

Clients of the live platform read the list as `{"policies": [...]}`, with `policyId`,
`configuration` and `template` in each entry. The official document shows an array, with `id`,
`configurationData` and `assetId`; live, that is the answer to `fullInfo=false`. Here each policy
has both names.
"""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from pydantic import BeforeValidator, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from control_plane.errors import BadRequest
from control_plane.protocol.conditional import unchanged
from control_plane.protocol.scope import (
    MAX_ID,
    Body,
    EnvironmentAdmin,
    EnvironmentReader,
    EnvironmentScope,
    Name,
    RowId,
    audit,
    not_found,
)
from control_plane.protocol.writing import answer, in_turn
from control_plane.store.json_values import JsonObject
from control_plane.store.tables import ApiInstance, Policy

router = APIRouter(
    prefix="/apimanager/api/v1/organizations/{organization_id}/environments/{environment_id}"
    "/apis/{api_id}/policies"
)

# The vendor's own policies are published under this group.
VENDOR_GROUP_ID = "68ef9520-24e9-4cf2-b2f5-620025690913"

MAX_POLICIES = 100

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


class NewPolicy(Body):
    """A policy to apply. Whether its configuration fits its type is for the gateway to say."""

    asset_id: Name
    asset_version: Name
    group_id: Name = VENDOR_GROUP_ID
    policy_template_id: TemplateId | None = None
    configuration_data: JsonObject
    pointcut_data: Pointcut | None = None
    order: Order | None = None
    disabled: bool = False


class PolicyChange(Body):
    """What may change about a policy."""

    asset_version: Name = ""
    configuration_data: JsonObject = Field(default_factory=dict)
    pointcut_data: Pointcut | None = None
    order: Order = 1
    disabled: bool = False


class PolicyOrder(Body):
    """A policy's new place."""

    id: Annotated[int, Field(ge=1, le=MAX_ID)]
    order: Order


def policy_columns(body: Body) -> dict[str, Any]:
    """The fields that were sent, by the names of their columns."""
    columns = body.model_dump(by_alias=False, include=body.model_fields_set)
    if "configuration_data" in columns:
        columns["configuration"] = columns.pop("configuration_data")
    if "pointcut_data" in columns:
        rules = columns.pop("pointcut_data")
        columns["pointcut"] = rules and [
            {"methodRegex": rule["method_regex"], "uriTemplateRegex": rule["uri_template_regex"]}
            for rule in rules
        ]
    return columns


def _document(policy: Policy) -> dict[str, Any]:
    """A policy as clients read it by itself and in the default list."""
    template = {"groupId": policy.group_id, "assetId": policy.asset_id}
    return {
        **_document_without_template(policy),
        "template": {**template, "assetVersion": policy.asset_version},
        "implementationAsset": {
            **template,
            "version": policy.asset_version,
            "technology": policy.api.technology,
        },
    }


def _document_without_template(policy: Policy) -> dict[str, Any]:
    return {
        "audit": audit(policy.created_at, policy.updated_at),
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
    }


@router.get("", response_model=None)
def all_of_api(
    scope: EnvironmentReader,
    api_id: RowId,
    if_modified_since: Annotated[str | None, Header()] = None,
    full_info: Annotated[bool, Query(alias="fullInfo")] = True,
) -> dict[str, Any] | list[dict[str, Any]] | Response:
    """The policies in their order: active ones with template, or an array of all without.

    Only the default form answers 304. `if-modified-since` can't tell which form a client has.
    """
    with scope.services.database.read() as session:
        api = scope.api(session, api_id)
        if not full_info:
            return [_document_without_template(policy) for policy in _in_order(session, api_id)]
        # What was told before this start may be newer than a database that was restored.
        changed_at = max(api.policies_changed_at, scope.services.started_at)
        if unchanged(changed_at, if_modified_since, scope.now()):
            return Response(status_code=HTTPStatus.NOT_MODIFIED)
        active = [policy for policy in _in_order(session, api_id) if not policy.disabled]
        return {"policies": [_document(policy) for policy in active]}


def _in_order(session: Session, api_id: int) -> list[Policy]:
    query = select(Policy).where(Policy.api_id == api_id).order_by(Policy.order, Policy.id)
    return list(session.scalars(query))


def _changed(scope: EnvironmentScope, api: ApiInstance) -> None:
    api.policies_changed_at = scope.now()


@router.post("", status_code=201)
@in_turn
def apply(scope: EnvironmentAdmin, api_id: RowId, body: NewPolicy) -> Response:
    """Apply a policy, as the last one unless `order` is given."""
    with scope.services.database.write() as session:
        api = scope.api(session, api_id)
        count, last = session.execute(
            select(func.count(), func.max(Policy.order)).where(Policy.api_id == api_id)
        ).one()
        if count >= MAX_POLICIES:
            raise BadRequest(f"API instance {api_id} has {MAX_POLICIES} policies already")
        policy = Policy(
            api=api,
            created_at=scope.now(),
            **{
                "group_id": body.group_id,
                "disabled": body.disabled,
                **policy_columns(body),
                "order": body.order or (last or 0) + 1,
            },
        )
        session.add(policy)
        _changed(scope, api)
        session.flush()
        return answer(_document(policy), HTTPStatus.CREATED)


@router.patch("")
@in_turn
def reorder(
    scope: EnvironmentAdmin,
    api_id: RowId,
    body: Annotated[list[PolicyOrder], Field(max_length=MAX_POLICIES)],
) -> Response:
    """Give several policies a new order at once."""
    with scope.services.database.write() as session:
        api = scope.api(session, api_id)
        for place in body:
            _policy(session, api, place.id).order = place.order
        _changed(scope, api)
        session.flush()
        return answer([_document(policy) for policy in _in_order(session, api_id)])


def _policy(session: Session, api: ApiInstance, policy_id: int) -> Policy:
    policy = session.get(Policy, policy_id)
    if policy is None or policy.api_id != api.id:
        raise not_found("policy", policy_id)
    return policy


@router.get("/{policy_id}")
def get(scope: EnvironmentReader, api_id: RowId, policy_id: RowId) -> dict[str, Any]:
    """One policy, active or not."""
    with scope.services.database.read() as session:
        return _document(_policy(session, scope.api(session, api_id), policy_id))


@router.patch("/{policy_id}")
@in_turn
def change(
    scope: EnvironmentAdmin, api_id: RowId, policy_id: RowId, body: PolicyChange
) -> Response:
    """Change the fields that are given."""
    with scope.services.database.write() as session:
        api = scope.api(session, api_id)
        policy = _policy(session, api, policy_id)
        for name, value in policy_columns(body).items():
            setattr(policy, name, value)
        policy.updated_at = scope.now()
        _changed(scope, api)
        return answer(_document(policy))


@router.delete("/{policy_id}", status_code=204)
@in_turn
def delete(scope: EnvironmentAdmin, api_id: RowId, policy_id: RowId) -> None:
    """Take a policy off the API instance."""
    with scope.services.database.write() as session:
        api = scope.api(session, api_id)
        session.delete(_policy(session, api, policy_id))
        _changed(scope, api)
