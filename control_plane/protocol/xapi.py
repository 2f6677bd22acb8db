"""API instances and policies where the vendor's own tools expect them: below `xapi`.

These paths are in no official document. The Terraform providers, `anypoint-client-go` and
`anypoint-platform-api-py` use them. Most do the same as their twins below `api`; the list has API
instances one by one.
"""

from typing import Any, Literal

from fastapi import APIRouter, Response

from control_plane.errors import Conflict
from control_plane.management import policies
from control_plane.protocol import apis, automated_policies
from control_plane.protocol.api_bodies import UpstreamIds
from control_plane.protocol.api_lists import SORTED_BY, InFilter, one_by_one
from control_plane.protocol.bodies import RowId
from control_plane.protocol.described import answers, one_of, refuses, takes
from control_plane.protocol.documents import policy_document
from control_plane.protocol.paging import InLongPage
from control_plane.protocol.policies import AllowDuplicated, AllowUnknown, applied
from control_plane.protocol.policy_bodies import NewPolicy
from control_plane.protocol.revision import name_revision
from control_plane.protocol.scope import ApisReader, ApisWriter
from control_plane.protocol.secrecy import api_for_caller
from control_plane.protocol.shapes import apis as shapes
from control_plane.protocol.shapes.policies import Policy
from control_plane.protocol.writing import answer, in_turn

router = APIRouter(prefix="/apimanager/xapi/v1/organizations/{organization_id}")

_APIS = "/environments/{environment_id}/apis"
_POLICIES = f"{_APIS}/{{api_id}}/policies"


@router.get(_APIS)
@answers(shapes.Instances)
@takes(sort=one_of(*SORTED_BY))
def search(
    response: Response, scope: ApisReader, page: InLongPage, wanted: InFilter
) -> dict[str, Any]:
    """The API instances; `offset` and `limit` count them."""
    with scope.reading() as session:
        name_revision(response, session)
        found = one_by_one(session, scope.environment_id, page, wanted)
    return found | {"instances": [api_for_caller(scope, api) for api in found["instances"]]}


router.post(_APIS, status_code=201)(apis.create)
router.get(f"{_APIS}/{{api_id}}")(apis.get)
router.patch(f"{_APIS}/{{api_id}}")(apis.change)
router.get("/automated-policies")(automated_policies.all_of_environment)


class NewOutboundPolicy(NewPolicy):
    """A policy for requests to upstreams, which it must name. The list may be empty."""

    upstream_ids: UpstreamIds


@router.post(f"{_POLICIES}/outbound-policies", status_code=201)
@answers(Policy)
@refuses(Conflict)
@in_turn
def apply_outbound(
    scope: ApisWriter,
    api_id: RowId,
    body: NewOutboundPolicy,
    *,
    allow_unknown: AllowUnknown = False,
    allow_duplicated: AllowDuplicated = False,
) -> Response:
    """Apply an outbound policy. Later it is read, changed and deleted like all others."""
    return applied(
        scope, api_id, body, allow_unknown=allow_unknown, allow_duplicated=allow_duplicated
    )


@router.post(f"{_POLICIES}/{{policy_id}}/{{action}}")
@answers(Policy)
@in_turn
def switch(
    scope: ApisWriter, api_id: RowId, policy_id: RowId, action: Literal["enable", "disable"]
) -> Response:
    """Turn a policy on or off."""
    with scope.writing() as transaction:
        api = scope.api(transaction.session, api_id)
        policy = policies.get(transaction.session, api, policy_id)
        columns = {"disabled": action == "disable"}
        policies.change(transaction, policy, columns, scope.services.policy_checks)
        return answer(policy_document(policy))
