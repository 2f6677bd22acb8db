"""Policy templates: the types of policies that can be applied, and what each takes.

The official document shows `{"total", "data"}` and entries with `id` and `name`. Here an entry also
has what a new policy of the type names (`groupId`, `assetId`, `assetVersion`), and a member of our
own, `configurationSchema`: the JSON Schema of the type's configuration.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from control_plane.accounts.roles import Permission
from control_plane.errors import NotFound
from control_plane.management import apis
from control_plane.management.policies import VENDOR_GROUP_ID
from control_plane.management.policy_checks.schema_check import policy_schemas
from control_plane.management.policy_types import POLICY_VERSION
from control_plane.protocol.scope import OrganizationReader, OrganizationScope
from control_plane.spelling import did_you_mean

router = APIRouter(prefix="/apimanager/api/v1/organizations/{organization_id}/policy-templates")

Version = Annotated[str | None, Query(pattern=r"^v\d+(\.\d+)?(\.\d+)?$", max_length=64)]


def _reader(
    scope: OrganizationReader,
    version: Version = None,  # noqa: ARG001 - checked only; templates are the same for all gateways
) -> OrganizationScope:
    scope.caller.require_somewhere(Permission.APIS_READ)
    return scope


TemplatesReader = Annotated[OrganizationScope, Depends(_reader)]


@router.get("")
def all_templates(
    scope: TemplatesReader,
    api_id: Annotated[int | None, Query(alias="apiInstanceId", ge=0, le=2**31 - 1)] = None,
) -> dict[str, Any]:
    """All templates, or those for one API instance, which are the same."""
    if api_id is not None:
        _require_api(scope, api_id)
    found = [_document(name, schema) for name, schema in policy_schemas().items()]
    return {"total": len(found), "data": found}


def _require_api(scope: OrganizationScope, api_id: int) -> None:
    """Raise NotFound unless the caller may see the API instance."""
    with scope.reading() as session:
        visible = [each.id for each in scope.caller.environments(session)]
        apis.get_among(session, visible, api_id)


@router.get("/{template_id}")
def get(scope: TemplatesReader, template_id: str) -> dict[str, Any]:  # noqa: ARG001 - it permits
    """One template."""
    schemas = policy_schemas()
    if template_id not in schemas:
        fix = did_you_mean(template_id, schemas) or f"known are {', '.join(schemas)}"
        raise NotFound(f"policy template {template_id[:64]!r} not found; {fix}")
    return _document(template_id, schemas[template_id])


def _document(asset_id: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": asset_id,
        "name": schema["title"],
        "description": schema["description"],
        "type": "system",
        "groupId": VENDOR_GROUP_ID,
        "assetId": asset_id,
        "assetVersion": POLICY_VERSION,
        "configurationSchema": schema,
    }
