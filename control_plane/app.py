"""Composition: the services of a control plane, and the web application over them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from control_plane import (
    analytics_ingest,
    analytics_queries,
    apis,
    applications,
    automated_policies,
    contract_feed,
    contracts,
    policies,
    tiers,
    tokens,
)
from control_plane.access import Access
from control_plane.analytics_store import EventStore
from control_plane.analytics_store import metadata as event_tables
from control_plane.analytics_upgrade import key_by_organization
from control_plane.clock import Clock
from control_plane.database import Database
from control_plane.edge import BodyLimit, DateHeader
from control_plane.errors import RequestRefused
from control_plane.feed_epochs import FeedEpochs
from control_plane.hashing import LoginHasher
from control_plane.schema import Base, Environment
from control_plane.settings import Settings
from control_plane.validation import complaint
from control_plane.web import Services

# How SQLite files say whose they are ("EPcp" and "EPev" in ASCII).
CONFIGURATION_FILE = 0x45506370
EVENTS_FILE = 0x45506576


def open_services(settings: Settings, clock: Clock, hasher: LoginHasher | None = None) -> Services:
    """Open the databases; raise UnusableDatabaseError if one can't be used."""
    path = settings.database
    database = Database(path, Base.metadata, application_id=CONFIGURATION_FILE)
    try:
        event_database = Database(
            events_path(path),
            event_tables,
            application_id=EVENTS_FILE,
            upgrades=[partial(key_by_organization, _organizations(database))],
        )
    except Exception:
        database.close()
        raise
    hasher = hasher or LoginHasher()
    return Services(
        settings=settings,
        clock=clock,
        database=database,
        events=EventStore(event_database, settings.analytics_retention_days),
        hasher=hasher,
        access=Access(database, hasher, clock, lifetime_s=settings.token_lifetime_s),
        epochs=FeedEpochs(),
        started_at=clock.now(),
    )


def _organizations(database: Database) -> dict[str, str]:
    """The organization of each environment."""
    with database.read() as session:
        rows = session.execute(select(Environment.id, Environment.organization_id))
        return {row[0]: row[1] for row in rows}


def events_path(database: Path) -> Path:
    """Where the events are: beside the configuration, as `name-events.db`."""
    return database.with_name(f"{database.stem}-events{database.suffix}")


def create_app(services: Services) -> FastAPI:
    """The web application. It closes the services when it ends."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:  # noqa: ARG001
        yield
        services.close()

    # No pages about the API: they would load scripts from elsewhere, and need no token.
    app = FastAPI(title="Policy control plane", lifespan=lifespan, openapi_url=None)
    app.state.services = services
    for module in (
        tokens,
        apis,
        policies,
        automated_policies,
        tiers,
        contracts,
        applications,
        contract_feed,
        analytics_ingest,
        analytics_queries,
    ):
        app.include_router(module.router)
    app.include_router(applications.imports)
    app.add_api_route("/healthz", _health)
    _add_refusals(app)
    settings = services.settings
    app.add_middleware(
        BodyLimit,
        limit=settings.max_body_mib << 20,
        ingest_limit=settings.max_analytics_body_mib << 20,
    )
    app.add_middleware(DateHeader, clock=services.clock)
    return app


async def _health() -> dict[str, str]:
    return {"status": "ok"}


def _add_refusals(app: FastAPI) -> None:
    """Give every failure the same body: `error` for programs, `message` for people."""

    @app.exception_handler(RequestRefused)
    async def refused(request: Request, error: RequestRefused) -> JSONResponse:  # noqa: ARG001
        return _refusal(error.status, error.message, code=error.code)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:  # noqa: ARG001
        return _refusal(error.status_code, str(error.detail), headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:  # noqa: ARG001
        return _invalid(error.errors())

    @app.exception_handler(ValidationError)
    async def invalid_fields(request: Request, error: ValidationError) -> JSONResponse:  # noqa: ARG001
        return _invalid(error.errors())

    @app.exception_handler(OperationalError)
    async def database_failed(request: Request, error: OperationalError) -> JSONResponse:
        structlog.get_logger().error(
            "database.failed", path=request.url.path, reason=str(error.orig)
        )
        return _refusal(503, "the database can't do this now; try again", {"Retry-After": "5"})


def _invalid(errors: Sequence[Any]) -> JSONResponse:
    return _refusal(HTTPStatus.BAD_REQUEST, complaint(errors))


def _refusal(
    status: int, message: str, headers: Any = None, *, code: str | None = None
) -> JSONResponse:
    answer = {"error": code or HTTPStatus(status).phrase, "message": message}
    if status == HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": "Bearer", **(headers or {})}
    return JSONResponse(answer, status, headers)
