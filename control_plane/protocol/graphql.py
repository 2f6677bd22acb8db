"""The two GraphQL queries with which the vendor's command line asks Exchange about policies.

`api-mgr:policy:list -m` sends `{assets(types: "policy", ...) {...}}`. `api-mgr:policy:describe`
sends `query(...) {asset(groupId: ..., assetId: ..., version: ...) {...}}`, and follows the link in
the answer. Which of the two is asked is found by its name, and the answer has all members that they
name. Other queries are refused, in GraphQL's own way. The token is among the variables.
"""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse
from pydantic import Field

from control_plane.accounts.roles import Permission
from control_plane.errors import Forbidden, NotFound, Unauthenticated
from control_plane.management.policies import VENDOR_GROUP_ID
from control_plane.management.policy_checks.schema_check import policy_schemas
from control_plane.management.policy_types import POLICY_VERSION
from control_plane.protocol.bodies import Body, JsonObject
from control_plane.protocol.described import answers, refuses
from control_plane.protocol.scope import InServices
from control_plane.protocol.shapes import policies as shapes
from control_plane.protocol.template_documents import template_document

router = APIRouter()

_FIELD: Final = re.compile(r"\b(assets?)\s*\(")
_DEFINITIONS: Final = "/policy-control-plane/v1/policy-definitions"


class Question(Body):
    """A GraphQL request."""

    query: Annotated[str, Field(max_length=10_000)]
    operation_name: Annotated[str, Field(max_length=256)] | None = None
    variables: JsonObject = Field(default_factory=dict)


@router.post("/graph/api/v1/graphql")
@router.post("/graph/api/v2/graphql")
@answers(shapes.GraphqlAnswer)
@refuses(Unauthenticated, Forbidden)
async def ask(request: Request, services: InServices, body: Question) -> dict[str, Any]:
    """The types of policies, or one of them."""
    token = body.variables.get("accessToken")
    if not isinstance(token, str):
        raise Unauthenticated("this needs a token in the variable accessToken")
    caller = await services.access.caller(token)
    caller.require_somewhere(Permission.APIS_READ)
    found = _FIELD.search(body.query)
    base_url = str(services.settings.public_url or request.base_url).rstrip("/")
    if found is None:
        return _refused("only the queries assets(...) and asset(...) are answered here")
    if found[1] == "assets":
        return {"data": {"assets": [_asset(name, base_url) for name in policy_schemas()]}}
    return _named(body.variables, base_url)


def _refused(message: str) -> dict[str, Any]:
    return {"data": None, "errors": [{"message": message}]}


def _named(variables: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    """The type of policies that the variables name. Its versions are all the same here."""
    name = variables.get("assetId")
    if variables.get("groupId") != VENDOR_GROUP_ID or name not in [*policy_schemas()]:
        return _refused(f"policy {str(name)[:64]!r} not found")
    return {"data": {"asset": _asset(str(name), base_url)}}


def _asset(asset_id: str, base_url: str) -> dict[str, Any]:
    schema = policy_schemas()[asset_id]
    definition = {
        "__typename": "File",
        "classifier": "policy-definition",
        "externalLink": f"{base_url}{_DEFINITIONS}/{asset_id}",
    }
    return {
        "__typename": "Asset",
        "groupId": VENDOR_GROUP_ID,
        "assetId": asset_id,
        "version": POLICY_VERSION,
        "name": schema["title"],
        "description": schema["description"],
        "files": [definition],
    }


@router.get(f"{_DEFINITIONS}/{{asset_id}}", response_class=PlainTextResponse)
@refuses(NotFound)
def definition(asset_id: str) -> str:
    """What a type of policies takes, as YAML. It is the same for everybody and needs no token."""
    schema = policy_schemas().get(asset_id)
    if schema is None:
        raise NotFound(f"policy definition {asset_id[:64]!r} not found")
    document = template_document(asset_id, schema)
    kept = {name: document[name] for name in ("name", "category", "description", "configuration")}
    # JSON is YAML. With a comment before it, clients do not take it for JSON.
    return f"# {asset_id}\n{json.dumps(kept, indent=2)}\n"
