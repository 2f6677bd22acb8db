"""Policy templates: the types of policies that can be applied, and what each takes.

The list is an array, as the vendor's command line reads it. (The example in the official document
is a placeholder.) An entry has what a new policy of the type names (`groupId`, `assetId`,
`assetVersion`), and a member of our own, `configurationSchema`: the JSON Schema of the type's
configuration.

Below `xapi`, where the vendor's Terraform providers and `anypoint-platform-api-py` look for them,
the same types are named as in Exchange.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from control_plane.accounts.roles import Permission
from control_plane.errors import Forbidden, NotFound
from control_plane.management import apis
from control_plane.management.policies import VENDOR_GROUP_ID
from control_plane.management.policy_checks.schema_check import policy_schemas
from control_plane.protocol.described import answers, refuses
from control_plane.protocol.scope import OrganizationReader, OrganizationScope
from control_plane.protocol.shapes import policies as shapes
from control_plane.protocol.template_documents import exchange_document, template_document
from control_plane.spelling import did_you_mean

router = APIRouter(prefix="/apimanager/api/v1/organizations/{organization_id}/policy-templates")

Version = Annotated[str | None, Query(pattern=r"^v\d+(\.\d+)?(\.\d+)?$", max_length=64)]


@refuses(Forbidden)
def _reader(
    scope: OrganizationReader,
    version: Version = None,  # noqa: ARG001 - checked only; templates are the same for all gateways
) -> OrganizationScope:
    scope.caller.require_somewhere(Permission.APIS_READ)
    return scope


TemplatesReader = Annotated[OrganizationScope, Depends(_reader)]


@router.get("")
@answers(list[shapes.PolicyTemplate])
def all_templates(
    scope: TemplatesReader,
    api_id: Annotated[int | None, Query(alias="apiInstanceId", ge=0, le=2**31 - 1)] = None,
) -> list[dict[str, Any]]:
    """All templates, or those for one API instance, which are the same."""
    if api_id is not None:
        _require_api(scope, api_id)
    return [template_document(name, schema) for name, schema in policy_schemas().items()]


def _require_api(scope: OrganizationScope, api_id: int) -> None:
    """Raise NotFound unless the caller may see the API instance."""
    with scope.reading() as session:
        visible = [each.id for each in scope.caller.environments(session)]
        apis.get_among(session, visible, api_id)


@router.get("/{template_id}")
@answers(shapes.PolicyTemplate)
def get(scope: TemplatesReader, template_id: str) -> dict[str, Any]:  # noqa: ARG001 - it permits
    """One template."""
    return template_document(template_id, _schema(template_id))


def _schema(asset_id: str) -> Mapping[str, Any]:
    """The schema of a type of policies; raise NotFound if there is none."""
    schemas = policy_schemas()
    if asset_id not in schemas:
        fix = did_you_mean(asset_id, schemas) or f"known are {', '.join(schemas)}"
        raise NotFound(f"policy template {asset_id[:64]!r} not found; {fix}")
    found: Mapping[str, Any] = schemas[asset_id]
    return found


exchange = APIRouter(
    prefix="/apimanager/xapi/v1/organizations/{organization_id}/exchange-policy-templates"
)


@exchange.get("")
@answers(list[shapes.ExchangeTemplate])
def all_of_exchange(
    scope: TemplatesReader,
    api_id: Annotated[int | None, Query(alias="apiInstanceId", ge=0, le=2**31 - 1)] = None,
) -> list[dict[str, Any]]:
    """All types, or those for one API instance, which are the same."""
    if api_id is not None:
        _require_api(scope, api_id)
    return [exchange_document(name, schema) for name, schema in policy_schemas().items()]


@exchange.get("/{group_id}/{asset_id}/{asset_version}")
@answers(shapes.ExchangeTemplate)
def one_of_exchange(
    scope: TemplatesReader,  # noqa: ARG001 - it permits
    group_id: str,
    asset_id: str,
    asset_version: str,  # noqa: ARG001 - our gateways have one version of each type
) -> dict[str, Any]:
    """One type. Its versions are all the same here."""
    if group_id != VENDOR_GROUP_ID:
        raise NotFound(f"group {group_id[:64]!r} has no policy template here")
    return exchange_document(asset_id, _schema(asset_id))
