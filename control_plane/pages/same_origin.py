"""ASGI middleware against forged requests: other sites must not make a browser send forms here.

Browsers say where a request comes from in `Sec-Fetch-Site`, on HTTPS and on localhost; older ones
in `Origin`. A page of another site can't change either (OWASP's cheat sheet on cross-site request
forgery, "Fetch Metadata headers"). So forms need no hidden tokens, and none can expire.
"""

from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from control_plane.errors import Forbidden
from control_plane.pages.errors import error_answer
from control_plane.pages.origins import split_address

_SAFE: Final = ("GET", "HEAD", "OPTIONS")


class SameOrigin:
    """Refuses requests that may change something unless they come from the console itself."""

    def __init__(self, app: ASGIApp, public_origin: str | None) -> None:
        """`public_origin` is the console's own behind a proxy, such as `https://console.test`."""
        self._app = app
        self._public_origin = public_origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http" or scope["method"] in _SAFE or self._is_ours(scope):
            await self._app(scope, receive, send)
            return
        refused = Forbidden(
            "this form did not come from the console. Open the page here and send it again;"
            " behind a proxy, set the control plane's public URL to the address in your browser"
        )
        await error_answer(scope, refused)(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in ("same-origin", "none")
        origin = headers.get("origin")
        if origin is None:
            # Browsers send one of the two. A program has no session that others could use.
            return "cookie" not in headers
        return origin == self._public_origin or split_address(origin).netloc == headers.get("host")
