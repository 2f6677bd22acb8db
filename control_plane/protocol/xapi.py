"""API instances where the vendor's own tools expect them: below `xapi`, which is not documented.

The Terraform providers and `anypoint-platform-api-py` use these paths. Creating, reading and
changing are the same as below `api`. The list has API instances one by one.
"""

from typing import Any

from fastapi import APIRouter, Response

from control_plane.protocol import apis
from control_plane.protocol.api_lists import InFilter, one_by_one
from control_plane.protocol.paging import InLongPage
from control_plane.protocol.revision import name_revision
from control_plane.protocol.scope import ApisReader
from control_plane.protocol.secrecy import api_for_caller

router = APIRouter(
    prefix="/apimanager/xapi/v1/organizations/{organization_id}/environments/{environment_id}/apis"
)


@router.get("")
def search(
    response: Response, scope: ApisReader, page: InLongPage, wanted: InFilter
) -> dict[str, Any]:
    """The API instances; `offset` and `limit` count them."""
    with scope.reading() as session:
        name_revision(response, session)
        found = one_by_one(session, scope.environment_id, page, wanted)
    return found | {"instances": [api_for_caller(scope, api) for api in found["instances"]]}


router.post("", status_code=201)(apis.create)
router.get("/{api_id}")(apis.get)
router.patch("/{api_id}")(apis.change)
