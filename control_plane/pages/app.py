"""The console's web application."""

from typing import Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Mount

from control_plane.pages import audit, home, login
from control_plane.pages.errors import add_error_pages
from control_plane.pages.same_origin import SameOrigin
from control_plane.pages.security_headers import SecurityHeaders
from control_plane.pages.settings import account, tokens, users
from control_plane.pages.static_files import ConsoleFiles
from control_plane.services import Services

_PAGES: Final = (login, home, audit, account, tokens, users)


def create_console(services: Services) -> FastAPI:
    """The console over these services. It describes no API, and loads nothing from elsewhere."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    app.state.services = services
    for module in _PAGES:
        app.include_router(module.router)
    app.state.pages = {
        route.name: route.path
        for module in _PAGES
        for route in module.router.routes
        if isinstance(route, APIRoute)
    }
    app.router.routes.append(Mount("/static", ConsoleFiles(), name="static"))
    add_error_pages(app)
    public_url = services.settings.public_url
    origin = None if public_url is None else str(public_url).rstrip("/")
    app.add_middleware(SameOrigin, public_origin=origin)
    app.add_middleware(SecurityHeaders)
    return app
