"""Policies of one API instance.

Clients of the live platform read the list as `{"policies": [...]}`, with `policyId`,
`configuration` and `template` in each entry. The official document shows an array, with `id`,
`configurationData` and `assetId`; live, that is the answer to `fullInfo=false`. Here each policy
has both names.
"""

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Response
from pydantic import Field

from control_plane.errors import Conflict
from control_plane.management import policies
from control_plane.management.policies import MAX_POLICIES
from control_plane.protocol.bodies import RowId
from control_plane.protocol.conditional import unchanged
from control_plane.protocol.described import answers, refuses
from control_plane.protocol.documents import policy_document, policy_without_template
from control_plane.protocol.policy_bodies import (
    NewPolicy,
    PolicyChange,
    PolicyOrder,
    policy_columns,
)
from control_plane.protocol.revision import name_revision
from control_plane.protocol.scope import ApisReader, ApisWriter, EnvironmentScope
from control_plane.protocol.secrecy import policy_for_caller
from control_plane.protocol.shapes import policies as shapes
from control_plane.protocol.writing import answer, in_turn

router = APIRouter(
    prefix="/apimanager/api/v1/organizations/{organization_id}/environments/{environment_id}"
    "/apis/{api_id}/policies"
)

_UNCHANGED: Final = "Nothing changed since the time in `if-modified-since`."

AllowUnknown = Annotated[bool, Query(alias="allowUnknown")]
AllowDuplicated = Annotated[bool, Query(alias="allowDuplicated")]


def with_warnings(document: dict[str, Any], warnings: list[str]) -> dict[str, Any]:
    """An answer to a change: a member of our own says what is probably not meant."""
    return document | {"warnings": warnings} if warnings else document


@router.get("", response_model=None, responses={304: {"description": _UNCHANGED}})
@answers(shapes.Policies)
def all_of_api(
    response: Response,
    scope: ApisReader,
    api_id: RowId,
    if_modified_since: Annotated[str | None, Header()] = None,
    full_info: Annotated[bool, Query(alias="fullInfo")] = True,
) -> dict[str, Any] | list[dict[str, Any]] | Response:
    """The policies in their order: active ones with template, or an array of all without.

    Only the default form answers 304. `if-modified-since` can't tell which form a client has.
    """
    with scope.reading() as session:
        name_revision(response, session)
        api = scope.api(session, api_id)
        if not full_info:
            rows = policies.of_api(session, api_id)
            return [_shown(scope, policy_without_template(policy)) for policy in rows]
        dates, now = scope.services.policy_dates, scope.now()
        changed_at = dates.changed_at(api_id, api.policies_changed_at, now)
        if unchanged(changed_at, if_modified_since, now):
            return Response(None, HTTPStatus.NOT_MODIFIED, response.headers)
        active = [row for row in policies.of_api(session, api_id) if not row.disabled]
        return {"policies": [_shown(scope, policy_document(policy)) for policy in active]}


def _shown(scope: EnvironmentScope, document: dict[str, Any]) -> dict[str, Any]:
    return policy_for_caller(scope, scope.environment_id, document)


@router.post("", status_code=201)
@answers(shapes.Policy)
@refuses(Conflict)
@in_turn
def apply(
    scope: ApisWriter,
    api_id: RowId,
    body: NewPolicy,
    *,
    allow_unknown: AllowUnknown = False,
    allow_duplicated: AllowDuplicated = False,
) -> Response:
    """Apply a policy, as the last one unless `order` is given."""
    return applied(
        scope, api_id, body, allow_unknown=allow_unknown, allow_duplicated=allow_duplicated
    )


def applied(
    scope: EnvironmentScope,
    api_id: int,
    body: NewPolicy,
    *,
    allow_unknown: bool,
    allow_duplicated: bool,
) -> Response:
    """Apply a policy in a transaction of its own; the answer to the request."""
    columns = {"group_id": body.group_id, "disabled": body.disabled, **policy_columns(body)}
    checks = scope.services.policy_checks
    with scope.writing() as transaction:
        api = scope.api(transaction.session, api_id)
        policy = policies.apply(
            transaction,
            api,
            columns,
            checks,
            allow_unknown=allow_unknown,
            allow_duplicated=allow_duplicated,
        )
        warnings = policies.warnings(transaction.session, policy, checks)
        return answer(with_warnings(policy_document(policy), warnings), HTTPStatus.CREATED)


@router.patch("")
@answers(list[shapes.Policy])
@in_turn
def reorder(
    scope: ApisWriter,
    api_id: RowId,
    body: Annotated[list[PolicyOrder], Field(max_length=MAX_POLICIES)],
) -> Response:
    """Give several policies a new order at once."""
    places = {place.id: place.order for place in body}
    with scope.writing() as transaction:
        found = policies.reorder(transaction, scope.api(transaction.session, api_id), places)
        return answer([policy_document(policy) for policy in found])


@router.get("/{policy_id}")
@answers(shapes.Policy)
def get(scope: ApisReader, api_id: RowId, policy_id: RowId) -> dict[str, Any]:
    """One policy, active or not."""
    with scope.reading() as session:
        policy = policies.get(session, scope.api(session, api_id), policy_id)
        return _shown(scope, policy_document(policy))


@router.patch("/{policy_id}")
@answers(shapes.Policy)
@in_turn
def change(
    scope: ApisWriter,
    api_id: RowId,
    policy_id: RowId,
    body: PolicyChange,
    *,
    allow_unknown: AllowUnknown = False,
) -> Response:
    """Change the fields that are given."""
    checks = scope.services.policy_checks
    with scope.writing() as transaction:
        api = scope.api(transaction.session, api_id)
        policy = policies.get(transaction.session, api, policy_id)
        columns = policy_columns(body)
        policies.change(transaction, policy, columns, checks, allow_unknown=allow_unknown)
        warnings = policies.warnings(transaction.session, policy, checks)
        return answer(with_warnings(policy_document(policy), warnings))


@router.delete("/{policy_id}", status_code=204)
@in_turn
def delete(scope: ApisWriter, api_id: RowId, policy_id: RowId) -> None:
    """Remove a policy from the API instance."""
    with scope.writing() as transaction:
        api = scope.api(transaction.session, api_id)
        policies.delete(transaction, policies.get(transaction.session, api, policy_id))
