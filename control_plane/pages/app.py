"""The console's web application."""

from typing import Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Mount
from starlette.types import ASGIApp, Scope

from control_plane.errors import Refused
from control_plane.pages import audit, home, login, provider_login
from control_plane.pages.alerts import alert, editing
from control_plane.pages.alerts import overview as alerts_overview
from control_plane.pages.analytics import exports, one_request, requests, traffic
from control_plane.pages.apis import api_settings, creation, overview, summary
from control_plane.pages.applications import access, application
from control_plane.pages.applications import overview as applications_overview
from control_plane.pages.applications import secrets as client_secrets
from control_plane.pages.contracts import contract, queue
from control_plane.pages.errors import add_error_pages, error_answer
from control_plane.pages.fleet import adapters, discovered, managing, rollout
from control_plane.pages.identity_provider import IdentityProvider
from control_plane.pages.policies import (
    automated,
    automated_editor,
    automated_switching,
    chain,
    own,
    switching,
)
from control_plane.pages.same_origin import SameOrigin
from control_plane.pages.security_headers import SecurityHeaders
from control_plane.pages.settings import account, environments, programs, tokens, users
from control_plane.pages.static_files import ConsoleFiles
from control_plane.pages.tiers import tier, tiers_of_api
from control_plane.services import Services

_PAGES: Final = (
    login,
    provider_login,
    home,
    overview,
    creation,
    summary,
    chain,
    switching,
    own,
    automated,
    automated_editor,
    automated_switching,
    api_settings,
    tiers_of_api,
    tier,
    queue,
    contract,
    applications_overview,
    application,
    client_secrets,
    access,
    adapters,
    rollout,
    discovered,
    managing,
    exports,
    traffic,
    requests,
    alerts_overview,
    editing,
    alert,
    one_request,
    audit,
    account,
    tokens,
    users,
    programs,
    environments,
)


def create_console(services: Services) -> ASGIApp:
    """The console over these services. It describes no API, and loads nothing from elsewhere."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    app.state.services = services
    app.state.pages = page_paths()
    configured = services.settings.oidc_issuer is not None
    app.state.provider = IdentityProvider(services.settings) if configured else None
    # Not `include_router`, which would have FastAPI build each route again for each application.
    app.router.routes.extend(page_routes())
    app.router.routes.append(Mount("/static", ConsoleFiles(), name="static"))
    add_error_pages(app)
    public_url = services.settings.public_url
    origin = None if public_url is None else str(public_url).rstrip("/")
    app.add_middleware(SameOrigin, public_origin=origin)
    # Around everything, because a failure is answered outside of the application's middleware.
    return SecurityHeaders(app)


def page_routes() -> list[APIRoute]:
    """The routes of all pages."""
    routes = [route for module in _PAGES for route in module.router.routes]
    return [route for route in routes if isinstance(route, APIRoute)]


def page_paths() -> dict[str, str]:
    """The paths of all pages, by their names."""
    return {route.name: route.path for route in page_routes()}


def refused_page(scope: Scope, error: Refused) -> ASGIApp:
    """The answer to a request that was refused before it reached a page: HTML for browsers."""
    return SecurityHeaders(error_answer(scope, error))
