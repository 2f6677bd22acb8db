"""ASGI middleware: a path of the JSON API with a slash at its end is the path without it.

Starlette would redirect the client. Behind a proxy that ends TLS, it would redirect to http://,
where clients leave their token out or send it in clear.
"""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

PREFIXES: Final = (
    "/accounts/",
    "/analytics/",
    "/apigateway/",
    "/apimanager/",
    "/apiplatform/",
    "/exchange/",
    "/graph/",
    "/monitoring/",
    "/policy-control-plane/",
    "/v2/",
)
"""What the paths of the JSON API begin with, apart from the few with one part."""


class TrailingSlash:
    """Takes the slash away before anything else reads the path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "http" and scope["path"].startswith(PREFIXES):
            scope = {**scope, "path": scope["path"].removesuffix("/")}
        await self._app(scope, receive, send)
