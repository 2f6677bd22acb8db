"""The routes of the JSON API, with those that tell about the control plane itself."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from fastapi import APIRouter, Depends, Response
from starlette.routing import BaseRoute

from control_plane.protocol import (
    accounts,
    alerts,
    api_tags,
    apis,
    application_contracts,
    applications,
    archive,
    automated_policies,
    client_quota,
    configuration,
    contract_decisions,
    contract_feed,
    contracts,
    environments,
    exchange_assets,
    export,
    graphql,
    ingest,
    metrics,
    policies,
    policy_templates,
    reports,
    summary,
    tiers,
    tokens,
    upstreams,
    xapi,
)
from control_plane.protocol.described import JSON
from control_plane.protocol.openapi import describe
from control_plane.protocol.parameters import only_known_parameters
from control_plane.version import program_version

of_itself = APIRouter()


@of_itself.get("/healthz")
async def health() -> dict[str, str]:
    """Whether the control plane runs, and its version."""
    return {"status": "ok", "version": program_version()}


@of_itself.get("/openapi.json")
def openapi() -> Response:
    """The OpenAPI document. It tells nothing of an installation, so anyone may read it."""
    return Response(_openapi_json(), media_type=JSON)


@cache
def _openapi_json() -> bytes:
    return json.dumps(openapi_document()).encode()


@cache
def openapi_document() -> dict[str, Any]:
    """The OpenAPI document of the protocol."""
    return describe(protocol_routes())


@cache
def protocol_routes() -> Sequence[BaseRoute]:
    """The routes of the protocol.

    All applications of a process share them, because FastAPI takes long to work out what the
    endpoints of included routers read. It does so at the first request.
    """
    router = APIRouter(dependencies=[Depends(only_known_parameters)])
    for module in (
        tokens,
        accounts,
        environments,
        apis,
        xapi,
        upstreams,
        api_tags,
        policies,
        automated_policies,
        policy_templates,
        configuration,
        graphql,
        exchange_assets,
        tiers,
        contracts,
        contract_decisions,
        alerts,
        applications,
        application_contracts,
        contract_feed,
        ingest,
        reports,
        export,
        summary,
        client_quota,
        archive,
        metrics,
    ):
        router.include_router(module.router)
    router.include_router(alerts.of_environment)
    router.include_router(policy_templates.exchange)
    router.include_router(of_itself)
    return router.routes
